import { z } from 'zod';

export type LimitUnit = 'count' | 'ms' | 'bytes' | 'tokens' | 'days' | 'hours' | 'percent' | 'ratio' | 'switch' | 'model';

export type LimitsProfile = 'development' | 'production';

/**
 * Which way a limit gets stricter. An emergency may only move a value that way, so that pressing its button
 * never gives anybody more than they had, e.g. a user whose own override is already lower than the profile.
 * `any`: every value counts as stricter than none; `neither`: not for emergencies (retention would delete data).
 */
export type Tighter = 'lower' | 'higher' | 'on' | 'any' | 'neither';

/** What a limit's value may be: a number, a switch, or the id of a model. */
export type LimitPrimitive = number | boolean | string;

/** One entry of the registry. `min` and `max` are hard: no layer, not even an admin's override, gets past them. */
export interface LimitDefinition<Value extends LimitPrimitive = LimitPrimitive> {
  readonly schema: z.ZodType<Value>;
  readonly default: Value;
  /** Defaults of an environment profile that differ from `default`. */
  readonly profiles?: Readonly<Partial<Record<LimitsProfile, Value>>>;
  readonly min: number | null;
  readonly max: number | null;
  readonly unit: LimitUnit;
  /** False for what is read once at boot. */
  readonly mutable: boolean;
  readonly tighter: Tighter;
  readonly description: string;
}

interface NumericOptions {
  readonly min: number;
  readonly max: number;
  readonly unit: LimitUnit;
  readonly description: string;
  readonly mutable?: boolean;
  /** `lower` unless said otherwise. */
  readonly tighter?: 'lower' | 'higher' | 'neither';
  readonly production?: number;
}

/** A whole number within hard bounds. */
export function integer(defaultValue: number, options: NumericOptions): LimitDefinition<number> {
  return numeric(defaultValue, options, z.int('must be a whole number'));
}

/** Any finite number within hard bounds. */
export function decimal(defaultValue: number, options: NumericOptions): LimitDefinition<number> {
  return numeric(defaultValue, options, z.number('must be a number'));
}

/** On or off. @param tighter `on` for what an emergency may turn on */
export function toggle(defaultValue: boolean, description: string, tighter: 'on' | 'neither' = 'neither'): LimitDefinition<boolean> {
  return { schema: z.boolean('must be true or false'), default: defaultValue, min: null, max: null, unit: 'switch', mutable: true, tighter, description };
}

/** A model id, or empty for "no say". */
export function model(description: string): LimitDefinition<string> {
  const message = 'must be provider/model or empty';
  return { schema: z.string(message).regex(/^$|^[a-z0-9-]+\/\S{1,100}$/, message), default: '', min: null, max: null, unit: 'model', mutable: true, tighter: 'any', description };
}

function numeric(defaultValue: number, options: NumericOptions, schema: z.ZodNumber): LimitDefinition<number> {
  const { min, max, unit, description, mutable = true, tighter = 'lower', production } = options;
  const range = `must be between ${min} and ${max} (${unit})`;
  return {
    schema: schema.min(min, range).max(max, range),
    default: defaultValue,
    profiles: production === undefined ? undefined : { production },
    min,
    max,
    unit,
    mutable,
    tighter,
    description,
  };
}
