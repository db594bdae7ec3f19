import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical-json.js';
import type { ObservedCall, PlannedCall } from './observed-step.js';
import { withoutNote } from './remembered-output.js';

/** What differs from run to run of the same command and says nothing: colours, times, durations, addresses, ids, temporary files. */
const VOLATILE: readonly (readonly [pattern: RegExp, stand: string])[] = [
  [/\u001b\[[0-9;]{0,20}[A-Za-z]/g, ''],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b\d{1,2}:\d\d:\d\d(?:[.,]\d{1,9})?\b/g, '<time>'],
  [/\b\d{1,9}(?:\.\d{1,9})? ?(?:ns|[µu]s|ms|milliseconds?|s|secs?|seconds?|min|minutes?)\b/g, '<duration>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<id>'],
  [/\b0x[0-9a-f]{1,16}\b/gi, '<address>'],
  [/\/tmp\/[^\s'":),]{1,300}/g, '<temporary>'],
  [/\bpid[ =:]{1,3}\d{1,9}\b/gi, '<pid>'],
];

/** Places in files move while it is worked on; the error stays the same. */
const PLACES: readonly (readonly [pattern: RegExp, stand: string])[] = [
  [/:\d{1,7}(?::\d{1,7})?\b/g, ':<place>'],
  [/\(\d{1,7},\d{1,7}\)/g, '(<place>)'],
  [/\b(?:line|column|col) \d{1,7}/gi, '<place>'],
];

/** Enough to tell errors apart by how they begin. */
const ERROR_CHARACTERS = 2_000;

/** The same for the same tool with the same input, in whatever order its members stand. */
export function callKey({ name, input }: PlannedCall): string {
  return hash(`${name}\n${canonicalJson(input)}`);
}

/** The same for the same outcome, volatile parts aside. */
export function resultKey({ ok, errorCode, output }: ObservedCall): string {
  return hash(`${ok}\n${errorCode ?? ''}\n${replaceAll(withoutNote(output), VOLATILE).trimEnd()}`);
}

/** The same for the same error wherever in the files it now stands. */
export function errorKey({ name, errorCode, output }: ObservedCall): string {
  const text = replaceAll(replaceAll(output.slice(0, ERROR_CHARACTERS), VOLATILE), PLACES);
  return hash(`${name}\n${errorCode ?? ''}\n${text.trim()}`);
}

/** The state of the workspace that a call met, or undefined when it changed meanwhile. */
export function epochOf({ workspaceEpochBefore, workspaceEpochAfter }: ObservedCall): number | undefined {
  return workspaceEpochBefore === workspaceEpochAfter ? workspaceEpochBefore : undefined;
}

/** Waiting for something, e.g. `sleep 10; tail build.log`: to ask again is what it is for. */
export function isWaiting({ name, input }: PlannedCall): boolean {
  if (/(?:^|_)(?:wait|sleep|poll|watch|status|progress)(?:_|$)/.test(name)) return true;
  const command = typeof input === 'object' && input !== null ? (input as { command?: unknown }).command : undefined;
  return typeof command === 'string' && /^\s{0,9}(?:sleep|wait|timeout)\b|[;&]\s{0,9}sleep \d/.test(command);
}

function replaceAll(text: string, replacements: readonly (readonly [RegExp, string])[]): string {
  return replacements.reduce((result, [pattern, stand]) => result.replace(pattern, stand), text);
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
