import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { type Limits, LIMITS_READER } from '../../limits/index.js';

interface KeptOutput {
  /** Root of the workspace whose runs may read it. */
  readonly owner: string;
  readonly bytes: Buffer;
}

/**
 * Whole texts of outputs that were cut, in memory, for the model to read more of. The oldest go when `tool.outputStoreBytes` is full,
 * and all with the process: a model that comes too late calls the tool again.
 */
@Injectable()
export class ToolOutputStore {
  private readonly outputs = new Map<string, KeptOutput>();
  private totalBytes = 0;

  constructor(@Inject(LIMITS_READER) private readonly limits: Limits) {}

  /** @returns a reference that cannot be guessed, or null when the output is larger than the whole store */
  keep(owner: string, output: string): string | null {
    const bytes = Buffer.from(output);
    const capacity = this.limits.value('tool.outputStoreBytes');
    if (bytes.length > capacity) return null;
    const reference = `out_${randomBytes(9).toString('base64url')}`;
    this.outputs.set(reference, { owner, bytes });
    this.totalBytes += bytes.length;
    this.evictBeyond(capacity);
    return reference;
  }

  /** The UTF-8 of a kept output, or undefined when there is none for this workspace (any more). */
  find(owner: string, reference: string): Buffer | undefined {
    const kept = this.outputs.get(reference);
    return kept?.owner === owner ? kept.bytes : undefined;
  }

  forget(references: readonly string[]): void {
    for (const reference of references) this.remove(reference);
  }

  /** What runs of one workspace produced. */
  forgetOwner(owner: string): void {
    for (const [reference, kept] of this.outputs) if (kept.owner === owner) this.remove(reference);
  }

  private evictBeyond(capacity: number): void {
    for (const reference of this.outputs.keys()) {
      if (this.totalBytes <= capacity) return;
      this.remove(reference);
    }
  }

  private remove(reference: string): void {
    this.totalBytes -= this.outputs.get(reference)?.bytes.length ?? 0;
    this.outputs.delete(reference);
  }
}
