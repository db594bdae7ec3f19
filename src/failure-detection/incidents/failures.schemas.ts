import { z } from 'zod';
import { pageQuerySchema } from '../../http/index.js';
import { FAILURE_PATTERN_KEYS } from '../patterns/failure-patterns.js';
import { INCIDENT_OUTCOMES } from './incident-log.js';

const UNIT_MS = { h: 3_600_000, d: 86_400_000 } as const;

/** Filters of the list; all of them narrow it. */
export const incidentQuerySchema = pageQuerySchema.extend({
  pattern: z.enum(FAILURE_PATTERN_KEYS).optional(),
  outcome: z.enum(INCIDENT_OUTCOMES).optional(),
  runId: z.uuid().optional(),
  /** ISO 8601; incidents from then on. */
  since: z.iso.datetime({ offset: true }).transform((text) => new Date(text)).optional(),
});

/** The window that is counted, up to now: a number of hours or days. */
export const patternQuerySchema = z.strictObject({
  window: z
    .string()
    .regex(/^[1-9]\d{0,3}[hd]$/, 'must be a number of hours or days, e.g. 24h or 7d')
    .default('7d')
    .transform((text) => Number(text.slice(0, -1)) * UNIT_MS[text.at(-1) as keyof typeof UNIT_MS]),
});

export type IncidentQuery = z.output<typeof incidentQuerySchema>;
export type PatternQuery = z.output<typeof patternQuerySchema>;
