import { newId } from '../../../src/common/index.js';
import type { Prisma, PrismaService } from '../../../src/database/index.js';

export interface SeededRun {
  readonly finishedAt: Date | null;
  readonly userId?: string;
  readonly status?: string;
  readonly intent?: string;
  readonly model?: string;
  readonly durationMs?: number | null;
  readonly timeToFirstTokenMs?: number | null;
  readonly tokensPerSecond?: number | null;
  readonly inputTokens?: number;
  readonly cachedInputTokens?: number;
  readonly outputTokens?: number;
  readonly reasoningTokens?: number;
  readonly chargedNanoUsd?: bigint;
  readonly failurePattern?: string | null;
  readonly error?: Prisma.InputJsonObject;
  readonly experimentArms?: Prisma.InputJsonArray;
  readonly createdAt?: Date;
}

/** Writes finished runs, all of one conversation, and answers their ids. */
export async function seedRuns(prisma: PrismaService, runs: readonly SeededRun[]): Promise<string[]> {
  const conversation = await prisma.conversation.create({ data: { id: newId(), userId: 'somebody', title: 'seeded' } });
  const data = runs.map((run) => ({
    id: newId(),
    userId: 'alice',
    conversationId: conversation.id,
    sessionId: newId(),
    userMessageId: newId(),
    assistantMessageId: newId(),
    status: 'completed',
    intent: 'default',
    model: 'offline/planner',
    limits: {},
    limitsRevision: 0,
    estimate: {},
    createdAt: run.finishedAt ?? new Date(0),
    ...run,
  }));
  await prisma.run.createMany({ data });
  return data.map(({ id }) => id);
}

export interface SeededToolCall {
  readonly runId: string;
  readonly name: string;
  readonly createdAt: Date;
  readonly durationMs: number;
  readonly errorCode?: string;
  readonly isUnfinished?: boolean;
}

/** Writes one step per run and its tool calls. */
export async function seedToolCalls(prisma: PrismaService, calls: readonly SeededToolCall[]): Promise<void> {
  const stepIds = new Map([...new Set(calls.map(({ runId }) => runId))].map((runId) => [runId, newId()]));
  await prisma.step.createMany({
    data: [...stepIds].map(([runId, id]) => ({ id, runId, iteration: 1, attempt: 1, model: 'offline/planner', content: [], finishReason: 'stop', durationMs: 1 })),
  });
  await prisma.toolCall.createMany({
    data: calls.map(({ runId, name, createdAt, durationMs, errorCode, isUnfinished }, position) => ({
      id: newId(),
      runId,
      stepId: stepIds.get(runId) ?? '',
      callId: newId(),
      iteration: 1,
      position,
      name,
      input: {},
      isReadOnly: true,
      status: isUnfinished ? 'running' : errorCode ? 'failed' : 'succeeded',
      errorCode,
      durationMs: isUnfinished ? null : durationMs,
      createdAt,
      finishedAt: isUnfinished ? null : createdAt,
    })),
  });
}
