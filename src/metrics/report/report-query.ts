import { z } from 'zod';
import { AppError, type Principal } from '../../common/index.js';
import type { ReportSubject } from './finished-runs.js';

const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `90m`, `24h` or `7d`, as milliseconds. */
const duration = z
  .string()
  .regex(/^[1-9]\d{0,5}[mhd]$/, 'must be a number of minutes, hours or days, e.g. 15m, 24h or 7d')
  .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.at(-1) as keyof typeof UNIT_MS]);

/** `own`: the caller's runs; `all`: everybody's, for admins. Unset: all that the caller may see. */
const scope = z.enum(['own', 'all']).optional();

export const reportQuerySchema = z.strictObject({ hours: z.coerce.number().int().min(1).default(24), scope });

export const GROUPINGS = ['intent', 'model', 'status', 'pattern', 'arm'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export const timeSeriesQuerySchema = z.strictObject({
  window: duration.default(UNIT_MS.d),
  bucket: duration.optional(),
  groupBy: z.enum(GROUPINGS).optional(),
  scope,
});

export const breakdownQuerySchema = z.strictObject({ ...reportQuerySchema.shape, groupBy: z.enum(GROUPINGS) });

export type BreakdownQuery = z.output<typeof breakdownQuerySchema>;
export type ReportQuery = z.output<typeof reportQuerySchema>;
export type TimeSeriesQuery = z.output<typeof timeSeriesQuerySchema>;
export type ReportScope = 'own' | 'all';

/**
 * Whose runs the caller gets to see.
 * @throws AppError `forbidden` when somebody but an admin asks for everybody's
 */
export function resolveScope(principal: Principal, asked: ReportScope | undefined): { scope: ReportScope; subject: ReportSubject } {
  const isAdmin = principal.role === 'admin';
  const granted = asked ?? (isAdmin ? 'all' : 'own');
  if (granted === 'all' && !isAdmin) throw new AppError('forbidden', "Only admins see everybody's figures. Use scope=own.");
  return { scope: granted, subject: granted === 'all' ? null : principal.userId };
}

/** @throws AppError `validation_failed` naming the limit */
export function assertWithin(field: string, value: number, max: number, limit: string): void {
  if (value > max) throw new AppError('validation_failed', `${field}: at most ${max} (limit ${limit}).`);
}
