import { AsyncLocalStorage } from 'node:async_hooks';
import type { PrismaService } from '../../../src/database/index.js';

/** The process died: nothing after this statement happens, and nobody hears of its result. */
export class Crash extends Error {}

interface CrashPlan {
  statements: number;
  readonly at: number;
  readonly isAfter: boolean;
}

const plans = new AsyncLocalStorage<CrashPlan>();

/** Runs `work` as a process that dies just before, or just after, its statement number `at`, counted from 0. */
export async function crashing<Result>(at: number, isAfter: boolean, work: () => Promise<Result>): Promise<Result | Crash> {
  try {
    return await plans.run({ statements: 0, at, isAfter }, work);
  } catch (error) {
    if (error instanceof Crash) return error;
    throw error;
  }
}

/** The client, with each statement a place to crash at. A crash in a transaction undoes it, as the lost connection would. */
export function crashable(prisma: PrismaService): PrismaService {
  const extended = prisma.$extends({
    query: {
      $allOperations: async ({ args, query }) => {
        const plan = plans.getStore();
        const isHere = plan && plan.statements++ === plan.at;
        if (isHere && !plan.isAfter) throw new Crash();
        const result: unknown = await query(args);
        if (isHere) throw new Crash();
        return result;
      },
    },
  });
  return extended as unknown as PrismaService;
}
