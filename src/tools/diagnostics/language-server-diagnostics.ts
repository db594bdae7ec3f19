import { z } from 'zod';
import { memorySlot, type RunMemory } from '../runner/run-memory.js';
import { compareDiagnostics, type Diagnostic } from './diagnostics-delta.js';

const ERROR = 1;

/** `PublishDiagnosticsParams` of LSP 3.17, as far as it is read; a severity that is left out is up to the client, and taken for an error. */
const report = z.object({
  uri: z.string(),
  diagnostics: z.array(
    z.object({
      range: z.object({ start: z.object({ line: z.number(), character: z.number() }) }),
      severity: z.number().default(ERROR),
      code: z.union([z.string(), z.number()]).optional(),
      message: z.string(),
    }),
  ),
});

/** Errors of the last report, by document. */
const LAST_REPORT = memorySlot(() => new Map<string, readonly Diagnostic[]>());

/**
 * The errors that a language server reports of a document and did not report before in this run. What it reports first was there
 * before the run touched anything.
 * @param structured what a tool answered for programs; nothing is found in what is no report of a language server
 */
export function newLanguageServerErrors(structured: unknown, memory: RunMemory): readonly Diagnostic[] {
  const parsed = report.safeParse(structured);
  if (!parsed.success) return [];
  const { uri, diagnostics } = parsed.data;
  const errors = diagnostics.filter(({ severity }) => severity === ERROR).map(({ range, code, message }) => {
    const { line, character } = range.start;
    return { text: `${uri}:${line + 1}:${character + 1}: ${message}${code === undefined ? '' : ` (${code})`}`, identity: `${code}\0${message}` };
  });
  const reports = memory.of(LAST_REPORT);
  const before = reports.get(uri);
  reports.set(uri, errors);
  return before ? compareDiagnostics(before, errors).added : [];
}
