import { type Clock, SystemClock } from '../../../src/common/index.js';
import { type DatabaseConnection, openPostgresql, PrismaService } from '../../../src/database/index.js';
import { LimitsAdminService } from '../../../src/limits/limits-admin.service.js';
import { LimitsHistoryService } from '../../../src/limits/limits-history.service.js';
import { LimitsRefresher } from '../../../src/limits/limits-refresher.js';
import { LimitsStore } from '../../../src/limits/limits-store.js';
import { LimitsService } from '../../../src/limits/limits.service.js';
import { poolOf, type TestDatabase } from '../../support/test-database.js';

/** The limits of one server process, following a database. */
export interface LimitsInstance {
  readonly limits: LimitsService;
  readonly store: LimitsStore;
  readonly admin: LimitsAdminService;
  readonly history: LimitsHistoryService;
  readonly refresher: LimitsRefresher;
  stop(): Promise<void>;
}

interface InstanceOptions {
  readonly clock?: Clock;
  readonly variables?: Readonly<Record<string, string>>;
}

export async function startInstance(connection: DatabaseConnection, prisma: PrismaService, options: InstanceOptions = {}): Promise<LimitsInstance> {
  const { clock = new SystemClock(), variables = {} } = options;
  const limits = new LimitsService({ limitsProfile: 'development', limitVariables: variables }, clock);
  const store = new LimitsStore(prisma, limits, clock);
  const refresher = new LimitsRefresher(connection, store, limits, clock);
  const admin = new LimitsAdminService(prisma, store, limits, refresher, clock);
  const history = new LimitsHistoryService(prisma, admin, clock);
  await refresher.start();
  return { limits, store, admin, history, refresher, stop: () => refresher.onModuleDestroy() };
}

/** A second server process on the same database: a connection of its own where the database can have two. */
export async function startSecondInstance(
  database: TestDatabase,
  { cut = (same) => same, clock }: { readonly cut?: (connection: DatabaseConnection) => DatabaseConnection; readonly clock?: Clock } = {},
): Promise<LimitsInstance> {
  if (!database.url) return startInstance(cut(database.connection), database.prisma, { clock });
  const connection = await openPostgresql(database.url, poolOf(4));
  const prisma = new PrismaService(connection);
  const instance = await startInstance(cut(connection), prisma, { clock });
  const stop = async (): Promise<void> => {
    await instance.stop();
    await prisma.$disconnect();
    await connection.close();
  };
  return { ...instance, stop };
}

export const setRequest = (value: number | boolean | string, more: Partial<Parameters<LimitsAdminService['setOverride']>[1]> = {}) =>
  ({ value, reason: 'test', scope: { kind: 'global' }, expiresAt: null, revision: undefined, ...more }) as const;

/** Waits until a condition holds; answers after how long, in milliseconds. */
export async function eventually(condition: () => boolean, withinMs: number): Promise<number> {
  const startedAt = performance.now();
  while (!condition()) {
    if (performance.now() - startedAt > withinMs) throw new Error(`It did not happen within ${withinMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}
