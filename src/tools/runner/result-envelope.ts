import { Inject, Injectable } from '@nestjs/common';
import { type Limits, LIMITS_READER, type LimitsSnapshot } from '../../limits/index.js';
import type { ToolResult } from '../tool.port.js';
import { cleanText } from './clean-text.js';
import type { ToolOutcome } from './tool-call.js';
import { ToolOutputStore } from './tool-output-store.js';
import { type OutputCut, truncateOutput } from './truncate-output.js';

/** Gives every outcome the same shape and a bounded size, keeping the whole of what had to be cut. */
@Injectable()
export class ResultEnvelope {
  constructor(
    @Inject(LIMITS_READER) private readonly limits: Limits,
    private readonly outputs: ToolOutputStore,
  ) {}

  wrap(outcome: ToolOutcome, durationMs: number, snapshot: LimitsSnapshot, owner: string): ToolResult {
    const whole = cleanText(outcome.ok ? outcome.output : outcome.error.message);
    const maxBytes = this.limits.of(snapshot, 'tool.maxOutputBytes');
    const truncated = Buffer.byteLength(whole) > maxBytes;
    const outputRef = truncated ? this.outputs.keep(owner, whole) : null;
    const output = truncated ? truncateOutput(whole, maxBytes, (cut) => describeCut(cut, outputRef)) : whole;
    const rest = { output, truncated, outputRef, durationMs };
    return outcome.ok ? { ok: true, ...rest } : { ok: false, code: outcome.error.code, ...rest };
  }
}

function describeCut({ offset, length, totalBytes }: OutputCut, outputRef: string | null): string {
  const way = outputRef ? `; read_output {"outputRef":"${outputRef}","offset":${offset}} shows them` : '';
  return `\n[${length} of ${totalBytes} bytes left out here${way}]\n`;
}
