import { z } from 'zod';
import { pageQuerySchema } from '../http/index.js';
import { INTENTS } from '../common/index.js';
import { checkEmergencyKey } from './emergency-profile.js';
import { limitValuesSchema } from './limit-values-schema.js';
import { limitScopeSchema, limitScopeTextSchema } from './limit-scope.js';

const reason = z.string().trim().min(1).max(500);
const expiresAt = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .nullable()
  .default(null);
/** The revision a change was decided on; when the limits have moved on since, it is refused. */
const revision = z.int().min(0).optional();
const revisionText = z.coerce.number().int().min(0).optional();

export const setOverrideSchema = z.strictObject({
  value: z.union([z.number(), z.boolean(), z.string().max(200)], 'must be a number, true, false or a text'),
  reason,
  scope: limitScopeSchema.default({ kind: 'global' }),
  expiresAt,
  revision,
});
export type SetOverride = z.output<typeof setOverrideSchema>;

/** Of a DELETE: in the body or in the query, for clients that send no body with it. */
export const removeOverrideSchema = z.strictObject({ reason: reason.optional(), scope: limitScopeSchema.optional(), revision }).optional();
export const removeOverrideQuerySchema = z.strictObject({ reason: reason.optional(), scope: limitScopeTextSchema.optional(), revision: revisionText });
export type RemoveOverride = NonNullable<z.output<typeof removeOverrideSchema>>;

const emergencyValues = limitValuesSchema(checkEmergencyKey).refine((values) => Object.keys(values).length > 0, 'must name a limit at least; leave it out for the default profile');

export const setEmergencySchema = z.strictObject({ values: emergencyValues.optional(), reason, expiresAt, revision });
export type SetEmergency = z.output<typeof setEmergencySchema>;

export const liftEmergencySchema = z.strictObject({ reason: reason.optional(), revision }).optional();
export const liftEmergencyQuerySchema = z.strictObject({ reason: reason.optional(), revision: revisionText });
export type LiftEmergency = NonNullable<z.output<typeof liftEmergencySchema>>;

export const revertSchema = z.strictObject({ reason: reason.optional(), revision }).optional();
export type Revert = NonNullable<z.output<typeof revertSchema>>;

export const effectiveQuerySchema = z.strictObject({
  userId: z.string().min(1).max(200).optional(),
  plan: z.string().min(1).max(200).optional(),
  intent: z.enum(INTENTS).optional(),
});
export type EffectiveQuery = z.output<typeof effectiveQuerySchema>;

export const historyQuerySchema = pageQuerySchema.extend({ key: z.string().max(200).optional() });
export type HistoryQuery = z.output<typeof historyQuerySchema>;
