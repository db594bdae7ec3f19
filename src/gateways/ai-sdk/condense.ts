import type { UiMessageChunk } from './ui-message-chunk.js';

type Part = Extract<UiMessageChunk, { type: `text-${string}` | `reasoning-${string}` }>;
type Delta = Extract<UiMessageChunk, { type: 'text-delta' | 'reasoning-delta' }>;

/**
 * The same message in fewer chunks: neighbouring deltas of a part become one, and parts that were withdrawn before anybody saw them
 * are left out. Who joins late gets what was said, not how.
 */
export function condense(chunks: readonly UiMessageChunk[]): UiMessageChunk[] {
  const withdrawn = unseenAndWithdrawn(chunks);
  const condensed: UiMessageChunk[] = [];
  let openDelta = -1;
  for (const chunk of chunks) {
    if (isPart(chunk) && withdrawn.has(chunk.id)) continue;
    const last = condensed[openDelta];
    if (isDelta(chunk) && last && isDelta(last) && last.id === chunk.id) {
      condensed[openDelta] = { ...last, delta: last.delta + chunk.delta };
      continue;
    }
    condensed.push(chunk);
    if (!('transient' in chunk)) openDelta = condensed.length - 1;
  }
  return condensed;
}

function unseenAndWithdrawn(chunks: readonly UiMessageChunk[]): ReadonlySet<string> {
  const begun = new Set<string>();
  const withdrawn = new Set<string>();
  for (const chunk of chunks) {
    if (chunk.type === 'text-start' || chunk.type === 'reasoning-start') begun.add(chunk.id);
    else if ('providerMetadata' in chunk && begun.has(chunk.id)) withdrawn.add(chunk.id);
  }
  return withdrawn;
}

function isDelta(chunk: UiMessageChunk): chunk is Delta {
  return chunk.type === 'text-delta' || chunk.type === 'reasoning-delta';
}

function isPart(chunk: UiMessageChunk): chunk is Part {
  return chunk.type.startsWith('text-') || chunk.type.startsWith('reasoning-');
}
