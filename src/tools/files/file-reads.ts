import { createHash } from 'node:crypto';
import { memorySlot } from '../runner/run-memory.js';

/** A part of a file that was shown, known by what the file held. */
interface ShownPart {
  readonly text: string;
  /** Steps of the run in which it was shown. */
  readonly steps: Set<number>;
  reads: number;
}

/** What a run was shown of files. The least recently shown is forgotten first. */
export class FileReads {
  private readonly parts = new Map<string, ShownPart>();

  /** The part as it was shown before, while the file still holds the same. */
  find(key: string): ShownPart | undefined {
    return this.parts.get(key);
  }

  note(key: string, text: string, step: number, maxParts: number): void {
    const part = this.parts.get(key) ?? { text, steps: new Set(), reads: 0 };
    part.reads++;
    part.steps.add(step);
    this.parts.delete(key);
    this.parts.set(key, part);
    const [oldest] = this.parts.keys();
    if (oldest !== undefined && this.parts.size > maxParts) this.parts.delete(oldest);
  }
}

export const FILE_READS = memorySlot(() => new FileReads());

export function partKey(path: string, text: string, startLine: number, endLine: number | undefined, maxBytes: number): string {
  return [path, createHash('sha256').update(text).digest('base64url'), startLine, endLine ?? '', maxBytes].join('\0');
}
