import type { FailurePattern } from './failure-pattern.js';
import { MODEL_PATTERNS } from './model-patterns.js';
import { RUN_PATTERNS } from './run-patterns.js';
import { TOOL_PATTERNS } from './tool-patterns.js';

/**
 * Every failure that is known by name. Their order is their precedence: what stands further up says more about the same
 * signal (a full disk more than a failed tool). Keys are stored and streamed: never rename one.
 */
export const FAILURE_PATTERNS = { ...RUN_PATTERNS, ...TOOL_PATTERNS, ...MODEL_PATTERNS } as const satisfies Record<string, FailurePattern>;

export type FailurePatternKey = keyof typeof FAILURE_PATTERNS;

export const FAILURE_PATTERN_KEYS = Object.keys(FAILURE_PATTERNS) as readonly FailurePatternKey[];

export function isFailurePatternKey(key: string): key is FailurePatternKey {
  return Object.hasOwn(FAILURE_PATTERNS, key);
}
