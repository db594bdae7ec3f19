import { randomUUID } from 'node:crypto';
import type { PrismaService } from '../../src/database/index.js';

/** Thirty users in each arm with an ended run each; the treatment uses fewer tokens. */
export async function seedExperimentRuns(prisma: PrismaService, experimentId: string): Promise<void> {
  const conversationId = randomUUID();
  await prisma.conversation.create({ data: { id: conversationId, userId: 'seed', title: '' } });
  const rows = ['control', 'treatment'].flatMap((arm) =>
    Array.from({ length: 30 }, (_, index) => ({
      arm,
      run: {
        id: randomUUID(),
        userId: `${arm}-${index}`,
        conversationId,
        sessionId: randomUUID(),
        userMessageId: randomUUID(),
        assistantMessageId: randomUUID(),
        status: index === 0 ? 'failed' : 'completed',
        failurePattern: index === 0 ? 'timeout' : null,
        intent: 'fix',
        model: 'offline/planner',
        limits: {},
        limitsRevision: 0,
        experimentArms: [{ experimentId, arm }],
        estimate: {},
        outputTokens: (arm === 'control' ? 1_000 : 850) + ((index * 37) % 100),
        durationMs: 4_000 + ((index * 131) % 900),
        timeToFirstTokenMs: 300 + ((index * 17) % 90),
        chargedNanoUsd: BigInt(1_500_000 + index * 10_000),
      },
    })),
  );
  await prisma.run.createMany({ data: rows.map(({ run }) => run) });
  await prisma.experimentExposure.createMany({ data: rows.map(({ arm, run }) => ({ experimentId, userId: run.userId, arm, runId: run.id })) });
}
