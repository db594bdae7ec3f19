import { z } from 'zod';
import { pageQuerySchema } from '../../http/index.js';

const reason = z.string().trim().min(1).max(500);
const modelId = z.string().regex(/^[a-z0-9-]+\/\S{1,150}$/, 'must be provider/model');

export const grantSchema = z.strictObject({
  userId: z.string().trim().min(1).max(200),
  credits: z.number().positive(),
  reason,
});

export const refundSchema = z.strictObject({ entryId: z.uuid(), reason });

const nanoUsd = z
  .string()
  .regex(/^\d{1,12}$/, 'must be a whole number of nano-USD per token, as a string')
  .transform(BigInt);
const rates = { inputNanoUsd: nanoUsd, cachedInputNanoUsd: nanoUsd, outputNanoUsd: nanoUsd };
const moment = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

export const priceSchema = z.strictObject({
  model: modelId,
  effectiveFrom: moment,
  ...rates,
  longContext: z.strictObject({ threshold: z.int().min(1).max(100_000_000), ...rates }).optional(),
  source: z.string().trim().min(1).max(500),
});

export const priceListSchema = pageQuerySchema.extend({ model: modelId.optional() });

const flag = z.enum(['true', 'false']).transform((value) => value === 'true');

export const usageReportSchema = z.strictObject({
  from: moment.optional(),
  to: moment.optional(),
  /** Admins alone: the usage of all users. */
  everyone: flag.default(false),
});

export const usageExportSchema = usageReportSchema.extend({ format: z.enum(['csv', 'json']).default('csv') });

export type GrantBody = z.output<typeof grantSchema>;
export type RefundBody = z.output<typeof refundSchema>;
export type PriceBody = z.output<typeof priceSchema>;
export type PriceListQuery = z.output<typeof priceListSchema>;
export type UsageReportQuery = z.output<typeof usageReportSchema>;
export type UsageExportQuery = z.output<typeof usageExportSchema>;
