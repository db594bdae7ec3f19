import { Injectable } from '@nestjs/common';
import { type Prisma, PrismaService } from '../../database/index.js';
import type { ModelAnswer, ToolCallRequest } from '../../models/index.js';
import type { RunRow } from '../runs/run-row.js';
import type { RunStep } from './run-step.js';

/** An answer of the model whose tool calls have no outcome yet. */
export interface OpenStep {
  readonly iteration: number;
  readonly answer: ModelAnswer;
  readonly calls: readonly ToolCallRequest[];
  /** Calls that had begun to change something when the run was left: they are not made again (I4). */
  readonly unknown: ReadonlySet<string>;
}

/** Where a run was left. */
export interface RunCheckpoint {
  readonly steps: RunStep[];
  readonly openStep?: OpenStep;
  /** The last answer called no tools: only the end of the run is left to do. */
  readonly lastAnswer?: { readonly iteration: number; readonly finishReason: string };
  /** What it had answered. */
  readonly text: string;
  readonly generationMs: number;
}

type StepRow = Prisma.StepGetPayload<{ include: { toolCalls: true } }>;

const NOTHING_YET: RunCheckpoint = { steps: [], text: '', generationMs: 0 };

/** Reads from its rows how far a run had come. */
@Injectable()
export class RunCheckpoints {
  constructor(private readonly prisma: PrismaService) {}

  async load(row: RunRow): Promise<RunCheckpoint> {
    if (row.iterations === 0) return NOTHING_YET;
    const rows = await this.prisma.step.findMany({
      where: { runId: row.id },
      orderBy: [{ iteration: 'asc' }, { attempt: 'asc' }],
      include: { toolCalls: { orderBy: { position: 'asc' } } },
    });
    const finished = rows.filter((step) => !isOpen(step));
    const last = rows.at(-1);
    const open = rows.find(isOpen); // no iteration begins before the calls of the last have an outcome
    return {
      steps: finished.map(toRunStep),
      ...(open ? { openStep: toOpenStep(open) } : {}),
      ...(last?.toolCalls.length === 0 ? { lastAnswer: { iteration: last.iteration, finishReason: last.finishReason } } : {}),
      text: rows.map((step) => answerOf(step).text).filter((text) => text !== '').join('\n\n'),
      generationMs: rows.reduce((sum, step) => sum + step.durationMs - (step.firstTokenMs ?? step.durationMs), 0),
    };
  }
}

function isOpen({ toolCalls }: StepRow): boolean {
  return toolCalls.some((call) => call.status !== 'succeeded' && call.status !== 'failed');
}

function answerOf({ content }: StepRow): ModelAnswer {
  return content as unknown as ModelAnswer; // written by RunStore from the same type
}

function toRunStep(step: StepRow): RunStep {
  const results = step.toolCalls.map(({ callId, name, status, output }) => ({ callId, name, ok: status === 'succeeded', output: output ?? '' }));
  return { iteration: step.iteration, answer: answerOf(step), results };
}

function toOpenStep(step: StepRow): OpenStep {
  return {
    iteration: step.iteration,
    answer: answerOf(step),
    calls: step.toolCalls.map(({ callId, name, input }) => ({ callId, name, input })),
    unknown: new Set(step.toolCalls.filter((call) => call.status === 'running').map((call) => call.callId)),
  };
}
