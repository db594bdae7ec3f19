import { newId } from '../../../src/common/index.js';
import type { Prisma, PrismaService } from '../../../src/database/index.js';
import { LIMITS } from '../../../src/limits/index.js';

const DEFAULT_LIMITS = Object.fromEntries(Object.entries(LIMITS).map(([key, definition]) => [key, definition.default]));
const ESTIMATE = { inputTokens: 1, outputTokens: 1, credits: 0, creditsNanoUsd: '0', range: { p50: 0, p90: 0 }, ceilingCredits: 0, basedOnRuns: 0 };

export interface SeededRun {
  readonly id: string;
  readonly conversationId: string;
  readonly sessionId: string;
  readonly userMessageId: string;
  readonly assistantMessageId: string;
}

/** A conversation of its own with one message and its run, as admission would have written them. */
export async function seedRun(prisma: PrismaService, columns: Partial<Prisma.RunUncheckedCreateInput> = {}, userId = 'local'): Promise<SeededRun> {
  const run = { id: newId(), conversationId: newId(), sessionId: newId(), userMessageId: newId(), assistantMessageId: newId() };
  await prisma.conversation.create({ data: { id: run.conversationId, userId, title: 'seeded' } });
  await prisma.conversationSession.create({ data: { id: run.sessionId, conversationId: run.conversationId } });
  await prisma.message.create({ data: { id: run.userMessageId, conversationId: run.conversationId, runId: run.id, role: 'user', text: 'hello' } });
  await seedRunIn(prisma, run, columns, userId);
  return run;
}

/** Another run of a seeded conversation. */
export async function seedRunIn(prisma: PrismaService, run: SeededRun, columns: Partial<Prisma.RunUncheckedCreateInput> = {}, userId = 'local'): Promise<void> {
  await prisma.run.create({
    data: { ...run, userId, status: 'queued', intent: 'analysis', model: 'offline/planner', limits: DEFAULT_LIMITS, limitsRevision: 0, estimate: ESTIMATE, ...columns },
  });
}
