import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import type { CreateExperiment } from '../../../src/limits/experiments/experiment.js';
import { createExperimentSchema } from '../../../src/limits/experiments/experiment.js';
import { ArmStatisticsReader } from '../../../src/limits/experiments/arm-statistics.js';
import { ExperimentExposures } from '../../../src/limits/experiments/experiment-exposures.js';
import { ExperimentReadouts } from '../../../src/limits/experiments/experiment-readouts.service.js';
import { ExperimentsService } from '../../../src/limits/experiments/experiments.service.js';
import type { LimitsSnapshot } from '../../../src/limits/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { seededNormal, seededRandom } from '../../unit/limits/experiments/seeded-random.js';
import { type LimitsInstance, setRequest, startInstance } from './limits-instance.js';

const KEY = 'iteration.maxByIntent.fix';
const CONVERSATION = randomUUID();
const USERS = Array.from({ length: 300 }, (_, index) => `user-${index}`);
const SALTS = { trafficSalt: 'traffic', armSalt: 'arm' };

interface RunOutcome {
  readonly status?: string;
  readonly durationMs?: number;
  readonly outputTokens?: number;
  readonly chargedNanoUsd?: bigint;
  readonly failurePattern?: string;
}

describe('experiments', () => {
  let database: TestDatabase;
  let instance: LimitsInstance;
  let experiments: ExperimentsService;
  let exposures: ExperimentExposures;
  let readouts: ExperimentReadouts;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await createTestDatabase();
    const { prisma } = database;
    const clock = new FakeClock();
    instance = await startInstance(database.connection, prisma, { clock });
    experiments = new ExperimentsService(prisma, instance.admin, instance.limits, clock);
    exposures = new ExperimentExposures(clock);
    readouts = new ExperimentReadouts(prisma, experiments, new ArmStatisticsReader(prisma, { billing: { creditValueNanoUsd: 1_000_000n } as never }), instance.limits);
    await prisma.conversation.create({ data: { id: CONVERSATION, userId: 'all', title: '' } });
  });
  afterEach(async () => {
    await database.prisma.run.deleteMany();
    for (const { id } of await database.prisma.experiment.findMany({ where: { status: 'running' } })) await experiments.stop(id, 'end of test', 'test');
  });
  afterAll(async () => {
    await instance.stop();
    await database.close();
  });

  async function startExperiment(order: Partial<CreateExperiment> = {}): Promise<string> {
    const draft = createExperimentSchema.parse({
      name: randomUUID(),
      arms: [
        { name: 'control', weight: 1 },
        { name: 'fewer', weight: 1, values: { [KEY]: 5 } },
      ],
      ...order,
    });
    const { id } = await experiments.create(draft, undefined, 'root');
    await database.prisma.experiment.update({ where: { id }, data: SALTS }); // the same split at every run of the tests
    await experiments.update(id, { status: 'running' }, 'root');
    return id;
  }

  const armOf = (userId: string): string | undefined => snapshotOf(userId).arms[0]?.arm;
  const snapshotOf = (userId: string): LimitsSnapshot => instance.limits.snapshot({ userId, plan: 'free', intent: 'fix' });

  /** What chat does when it admits runs, and how they ended. */
  async function runsOf(outcomes: readonly (readonly [userId: string, RunOutcome])[]): Promise<void> {
    const rows = outcomes.map(([userId, outcome]) => ({
      id: randomUUID(),
      userId,
      conversationId: CONVERSATION,
      sessionId: randomUUID(),
      userMessageId: randomUUID(),
      assistantMessageId: randomUUID(),
      status: 'completed',
      intent: 'fix',
      model: 'offline/planner',
      limits: {},
      limitsRevision: snapshotOf(userId).revision,
      experimentArms: snapshotOf(userId).arms.map((arm) => ({ ...arm })),
      estimate: {},
      ...outcome,
    }));
    await database.prisma.run.createMany({ data: rows });
    await database.prisma.$transaction(async (transaction) => {
      for (const { id, userId } of rows) await exposures.record(transaction, snapshotOf(userId), { userId, runId: id });
    });
  }

  it('give the arm its values from the moment they start to the moment they stop', async () => {
    const id = await startExperiment({ arms: [{ name: 'control', weight: 1, values: { [KEY]: 6 } }, { name: 'fewer', weight: 1, values: { [KEY]: 5 } }] });
    const during = snapshotOf('alice');
    expect(during.arms).toEqual([{ experimentId: id, arm: during.values[KEY] === 5 ? 'fewer' : 'control' }]);
    await experiments.update(id, { status: 'stopped' }, 'root');
    expect(snapshotOf('alice')).toMatchObject({ arms: [], values: { [KEY]: 10 } });
    expect(during.values[KEY]).not.toBe(10); // pinned
  });

  it('outrank an override for the user', async () => {
    await startExperiment({ arms: [{ name: 'a', weight: 1, values: { [KEY]: 6 } }, { name: 'b', weight: 1, values: { [KEY]: 6 } }] });
    await instance.admin.setOverride(KEY, setRequest(20, { scope: { kind: 'user', id: 'alice' } }), 'root');
    expect(snapshotOf('alice').values[KEY]).toBe(6);
    await instance.admin.removeOverride(KEY, { scope: { kind: 'user', id: 'alice' } }, 'root');
  });

  it('record one exposure per user, whatever comes together', async () => {
    const id = await startExperiment();
    const snapshot = snapshotOf('alice');
    const runIds = Array.from({ length: 20 }, () => randomUUID());
    await Promise.all(runIds.map((runId) => database.prisma.$transaction((transaction) => exposures.record(transaction, snapshot, { userId: 'alice', runId }))));
    const rows = await database.prisma.experimentExposure.findMany({ where: { experimentId: id } });
    expect(rows).toEqual([expect.objectContaining({ userId: 'alice', arm: snapshot.arms[0]?.arm })]);
  });

  it('weigh each user the same, however busy', async () => {
    const id = await startExperiment();
    const arm = armOf('busy');
    const calm = Array.from({ length: 20 }, (_, index) => `calm-${index}`).find((userId) => armOf(userId) === arm) as string;
    const usual = { durationMs: 1_000, outputTokens: 100, chargedNanoUsd: 1_000_000n };
    await runsOf([
      ...Array.from({ length: 9 }, () => ['busy', usual] as const),
      ['busy', { ...usual, status: 'failed', failurePattern: 'model_timeout' }],
      [calm, { status: 'cancelled', durationMs: 3_000, outputTokens: 300, chargedNanoUsd: 3_000_000n }],
      ['unfinished', { status: 'running' }], // in no mean
    ]);

    const results = await readouts.results(id);
    expect(results.arms.find(({ name }) => name === arm)).toMatchObject({
      runs: 11,
      failures: { model_timeout: 1 },
      metrics: {
        successRate: { users: 2, mean: 0.45 },
        failureRate: { users: 2, mean: 0.05 },
        responseTimeMs: { mean: 2_000 },
        tokens: { mean: 200 },
        credits: { mean: 2 },
        timeToFirstTokenMs: { users: 0, mean: 0 },
      },
    });
    expect(results.arms.reduce((sum, { exposedUsers }) => sum + exposedUsers, 0)).toBe(3);
  });

  it('experiment.maxRunning: that many run at the same time, one more is refused', async () => {
    await instance.admin.setOverride('experiment.maxRunning', setRequest(2), 'root');
    const onKey = (key: string): Promise<string> => startExperiment({ arms: [{ name: 'control', weight: 1, values: {} }, { name: 'other', weight: 1, values: { [key]: 5 } }] });
    await onKey(KEY);
    await onKey('iteration.maxEmpty');
    await expect(onKey('retry.maxPerRun')).rejects.toMatchObject({ code: 'limit_exceeded', message: expect.stringContaining('experiment.maxRunning') });
    await instance.admin.setOverride('experiment.maxRunning', setRequest(3), 'root');
    await onKey('tool.maxPerIteration');
    await instance.admin.removeOverride('experiment.maxRunning', { scope: { kind: 'global' } }, 'root');
  });

  it('experiment.maxArms: that many arms are taken, one more is refused', async () => {
    const withArms = async (count: number): Promise<void> =>
      experiments.stop(await startExperiment({ arms: Array.from({ length: count }, (_, index) => ({ name: `arm-${index}`, weight: 1, values: { [KEY]: index + 1 } })) }), 'seen', 'test');
    await instance.admin.setOverride('experiment.maxArms', setRequest(3), 'root');
    await withArms(2);
    await withArms(3);
    await expect(withArms(4)).rejects.toMatchObject({ code: 'limit_exceeded' });
    await instance.admin.removeOverride('experiment.maxArms', { scope: { kind: 'global' } }, 'root');
  });

  it('experiment.guardrailMinUsers: an arm with fewer users is not judged', async () => {
    const guardrails = [{ metric: 'failureRate' as const, tolerance: 0 }];
    const id = await startExperiment({ guardrails });
    const [fewer, control] = [USERS.filter((userId) => armOf(userId) === 'fewer').slice(0, 100), USERS.filter((userId) => armOf(userId) === 'control').slice(0, 100)];
    await runsOf([...fewer.map((userId) => [userId, { status: 'failed' }] as const), ...control.map((userId) => [userId, {}] as const)]);
    const statusWith = async (minUsers: number): Promise<string> => {
      await instance.admin.setOverride('experiment.guardrailMinUsers', setRequest(minUsers), 'root');
      await readouts.evaluateGuardrails();
      return (await experiments.get(id)).status;
    };
    expect([await statusWith(101), await statusWith(100)]).toEqual(['running', 'stopped']);
    await instance.admin.removeOverride('experiment.guardrailMinUsers', { scope: { kind: 'global' } }, 'root');
  });

  it('find a planted effect on one metric and none on the others, and leave a harmless arm running', async () => {
    const normal = seededNormal(7);
    const id = await startExperiment();
    await runsOf(
      USERS.map((userId) => [userId, { durationMs: Math.round(normal(armOf(userId) === 'fewer' ? 9_000 : 10_000, 2_000)), outputTokens: Math.round(normal(500, 100)) }] as const),
    );
    const { arms, sampleRatio } = await readouts.results(id);
    const versus = arms[1]?.metrics.responseTimeMs.versusControl;
    expect(versus?.upper).toBeLessThan(0);
    expect(versus?.relative).toBeCloseTo(-0.1, 1);
    expect(arms[1]?.metrics.tokens.versusControl?.pValue).toBeGreaterThan(0.05);
    expect(sampleRatio.alarm).toBe(false);
    expect(await readouts.evaluateGuardrails()).toEqual([]);
  });

  it('are stopped by their guardrail when an arm does harm, and everybody has the usual limits again', async () => {
    const random = seededRandom(8);
    const id = await startExperiment();
    await runsOf(USERS.map((userId) => [userId, { status: random() < (armOf(userId) === 'fewer' ? 0.6 : 0.05) ? 'failed' : 'completed' }] as const));
    const [stopped] = await readouts.evaluateGuardrails();
    expect(stopped).toEqual({ experimentId: id, reason: expect.stringContaining('guardrail failureRate: arm fewer') });
    expect(await experiments.get(id)).toMatchObject({ status: 'stopped', stopReason: stopped?.reason });
    expect(snapshotOf('user-1')).toMatchObject({ arms: [], values: { [KEY]: 10 } });
    expect((await instance.history.list({ limit: 1 })).items[0]).toMatchObject({ action: 'experiment.stopped', experimentId: id, actor: 'guardrail' });
    expect(await readouts.evaluateGuardrails()).toEqual([]);
  });
});
