import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Global, Module } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import type { NextFunction, Request, Response } from 'express';
import { BillingModule, BillingService, HoldSweeper, LedgerReconciliation, MonthlyAllowance, type ReserveRequest, type SettleRequest } from '../../../src/billing/index.js';
import { CLOCK, NO_USAGE, type TokenUsage } from '../../../src/common/index.js';
import { ConfigModule, loadConfig } from '../../../src/config/index.js';
import { DatabaseModule, PrismaService } from '../../../src/database/index.js';
import { createValidationPipe, ProblemFilter, setPrincipal } from '../../../src/http/index.js';
import { checkLimitVariables, LimitsModule } from '../../../src/limits/index.js';

import { HttpClient } from '../http-client.js';
import { createTestDatabase } from '../test-database.js';
import { crashable } from './crash.js';
import { LeapingClock } from './leaping-clock.js';

/** The billing module alone in an application of its own, on a real database, with a clock that is moved by hand. */
export interface BillingBench {
  readonly app: NestExpressApplication;
  readonly billing: BillingService;
  readonly sweeper: HoldSweeper;
  readonly reconciliation: LedgerReconciliation;
  readonly allowance: MonthlyAllowance;
  readonly prisma: PrismaService;
  readonly clock: LeapingClock;
  /** A new user with exactly these nano-USD. */
  user(nanoUsd: bigint): Promise<string>;
  /** A client of the HTTP API who is this user. */
  client(userId: string, role?: 'user' | 'admin'): Promise<HttpClient>;
  close(): Promise<void>;
}

/** Costs 1 nano-USD per input token, nothing per cached one and 2 per output token, so that sums are easy to check. */
export const TEST_MODEL = 'test/simple';

/** @param options.canCrash makes each statement a place where `crashing` can let the process die */
export async function startBilling(environment: Record<string, string> = {}, options: { canCrash?: boolean } = {}): Promise<BillingBench> {
  const database = await createTestDatabase();
  const clock = new LeapingClock();
  const config = loadConfig(checkLimitVariables, { SIGNUP_CREDITS: '0', ...environment });
  @Global()
  @Module({ providers: [{ provide: CLOCK, useValue: clock }], exports: [CLOCK] })
  class ClockModule {}
  const connection = { ...database.connection, close: async () => undefined };
  const testing = await Test.createTestingModule({ imports: [ConfigModule.forRoot(config), ClockModule, DatabaseModule.forRoot(connection), LimitsModule, BillingModule] })
    .overrideProvider(PrismaService)
    .useValue(options.canCrash ? crashable(database.prisma) : database.prisma)
    .compile();
  const app = testing.createNestApplication<NestExpressApplication>({ logger: false });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.use(actAsHeaderSays);
  await database.prisma.modelPrice.create({
    data: { id: randomUUID(), model: TEST_MODEL, effectiveFrom: new Date(0), inputNanoUsd: 1n, cachedInputNanoUsd: 0n, outputNanoUsd: 2n, source: 'test', sourceDate: new Date(0), createdBy: 'test' },
  });
  await app.init();
  const billing = app.get(BillingService);
  const { prisma } = database;
  return {
    app,
    billing,
    prisma,
    clock,
    sweeper: app.get(HoldSweeper),
    reconciliation: app.get(LedgerReconciliation),
    allowance: app.get(MonthlyAllowance),
    user: async (nanoUsd) => {
      const userId = `user-${randomUUID()}`;
      await billing.ensureAccount(userId);
      await prisma.$transaction([
        prisma.creditAccount.update({ where: { userId }, data: { postedNanoUsd: { increment: nanoUsd } } }),
        prisma.ledgerEntry.create({
          data: { id: randomUUID(), userId, kind: 'grant', amountNanoUsd: nanoUsd, balanceNanoUsd: nanoUsd, idempotencyKey: `test:${userId}`, reason: 'test', createdBy: 'test' },
        }),
      ]);
      return userId;
    },
    client: async (userId, role = 'user') => {
      if (!app.getHttpServer().listening) await app.listen(0, '127.0.0.1');
      const { port } = app.getHttpServer().address() as AddressInfo;
      return new HttpClient(`http://127.0.0.1:${port}`, { 'x-test-user': userId, 'x-test-role': role });
    },
    close: async () => {
      await app.close();
      await database.close();
    },
  };
}

/** Stands in for the access guard, which belongs to another module. */
function actAsHeaderSays(request: Request, _: Response, next: NextFunction): void {
  setPrincipal(request, { userId: request.header('x-test-user') ?? '', role: request.header('x-test-role') === 'admin' ? 'admin' : 'user', plan: 'free', scopes: [] });
  next();
}

export function used(usage: Partial<TokenUsage>): TokenUsage {
  return { ...NO_USAGE, ...usage };
}

/** A call of 100 prompt and at most 50 output tokens: it holds 200 nano-USD. */
export function callOf(userId: string, options: Partial<ReserveRequest> = {}): ReserveRequest {
  return { userId, runId: randomUUID(), iteration: 1, attempt: 1, model: TEST_MODEL, intent: 'search', inputTokens: 100, maxOutputTokens: 50, minOutputTokens: 10, leaseMs: 60_000, ...options };
}

export function holdIdOf({ runId, iteration, attempt }: ReserveRequest): string {
  return `${runId}:${iteration}:${attempt}`;
}

export function usageOf(call: ReserveRequest, usage: Partial<TokenUsage>, options: Partial<SettleRequest> = {}): SettleRequest {
  const { userId, runId, iteration, attempt, model } = call;
  return { holdId: holdIdOf(call), userId, runId, iteration, attempt, intent: 'search', model, usage: used(usage), isPartial: false, isSystemRetry: false, ...options };
}
