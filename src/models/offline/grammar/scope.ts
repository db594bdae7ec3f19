import type { Scope } from '../command.js';
import { NAME, toGlob } from './names.js';
import type { Phrase } from './phrase.js';

const EVERYWHERE = String.raw`everywhere|here|(?:(?:in|across|throughout|within|inside|over)\s+)?(?:(?:the|this|my|our|all|every|whole|entire|of|current)\s+)*(?:workspace|project|repo|repository|code|codebase|code base|files?|everything|folder|directory)`;
const IN_GLOB = String.raw`(?:in|across|within|inside|throughout)\s+(?:(?:the|all|every|my|our)\s+)*(?<scopeGlob>${NAME})\s+files?`;
const IN_PATH = String.raw`(?:in|inside|within|under|across|from|of)\s+(?:the\s+)?(?:(?:file|folder|directory)\s+)?(?<scopePath>${NAME})(?:\s+(?:file|folder|directory))?`;

/** The optional end of a rule that says where to look. */
export const SCOPE = String.raw`(?:\s+(?:${EVERYWHERE}|${IN_GLOB}|${IN_PATH}))?`;

/** @returns undefined when the words name a place that is no place, so that the rule does not fit */
export function scopeOf(groups: Readonly<Record<string, string | undefined>>, phrase: Phrase): Scope | undefined {
  if (groups.scopeGlob !== undefined) {
    const glob = toGlob(phrase.textOf(groups.scopeGlob));
    return glob === undefined ? undefined : { glob };
  }
  if (groups.scopePath === undefined) return {};
  const path = phrase.textOf(groups.scopePath).replace(/^\.\//, '').replace(/\/+$/, '');
  const glob = toGlob(path);
  if (glob !== undefined && /[*?]/.test(path)) return { glob };
  return path === '' || path === '.' ? {} : { path };
}
