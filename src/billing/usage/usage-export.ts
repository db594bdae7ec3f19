import { Readable } from 'node:stream';
import type { UsageView } from './usage.view.js';

export type ExportFormat = 'csv' | 'json';

export const EXPORT_CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = { csv: 'text/csv; charset=utf-8', json: 'application/json; charset=utf-8' };

/** The calls as CSV (RFC 4180, with a header) or as a JSON array, made while it is read. */
export function exportStream(calls: AsyncIterable<UsageView>, format: ExportFormat): Readable {
  return Readable.from(format === 'csv' ? csvLines(calls) : jsonChunks(calls), { objectMode: false });
}

const COLUMNS = [
  'id', 'createdAt', 'userId', 'runId', 'iteration', 'attempt', 'model', 'intent', 'inputTokens', 'cachedInputTokens', 'toolUseInputTokens', 'outputTokens',
  'reasoningTokens', 'credits', 'costNanoUsd', 'chargedNanoUsd', 'priceId', 'isPartial', 'isSystemRetry', 'isPresumed',
] as const satisfies readonly (keyof UsageView)[];

async function* csvLines(calls: AsyncIterable<UsageView>): AsyncGenerator<string> {
  yield `${COLUMNS.join(',')}\r\n`;
  for await (const call of calls) yield `${COLUMNS.map((column) => csvField(call[column])).join(',')}\r\n`;
}

async function* jsonChunks(calls: AsyncIterable<UsageView>): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const call of calls) {
    yield separator + JSON.stringify(call);
    separator = ',\n';
  }
  yield separator === '[\n' ? '[]\n' : '\n]\n';
}

/** Text that a spreadsheet would run as a formula is prefixed, so that it stays text. */
export function csvField(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value ?? '');
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
