import { createHash } from 'node:crypto';
import { activeArms, assignArm, bucketOf, type RunningExperiment } from '../../../../src/limits/experiments/assignment.js';

const USERS = Array.from({ length: 100_000 }, (_, index) => `user-${index}`);

function experimentWith(more: Partial<RunningExperiment> = {}): RunningExperiment {
  return {
    id: 'experiment',
    trafficSalt: 'traffic-salt',
    armSalt: 'arm-salt',
    trafficBasisPoints: 10_000,
    targeting: {},
    arms: [
      { name: 'control', weight: 5, values: new Map() },
      { name: 'more', weight: 3, values: new Map() },
      { name: 'less', weight: 2, values: new Map() },
    ],
    ...more,
  };
}

const armOf = (experiment: RunningExperiment, userId: string): string | undefined => assignArm(experiment, { userId, plan: 'free', intent: 'fix' })?.name;

function share(experiment: RunningExperiment, arm: string | undefined): number {
  return USERS.filter((userId) => armOf(experiment, userId) === arm).length / USERS.length;
}

describe('bucketOf', () => {
  it('is SHA-256 of salt:userId modulo 10 000', () => {
    for (const userId of ['alice', 'bob', 'שלום', '']) {
      const digest = createHash('sha256').update(`salt:${userId}`).digest('hex');
      expect(bucketOf('salt', userId)).toBe(Number(BigInt(`0x${digest}`) % 10_000n));
    }
  });
});

describe('assignArm', () => {
  it('puts 100 000 users within half a point of the weights', () => {
    const experiment = experimentWith();
    expect(Math.abs(share(experiment, 'control') - 0.5)).toBeLessThan(0.005);
    expect(Math.abs(share(experiment, 'more') - 0.3)).toBeLessThan(0.005);
    expect(Math.abs(share(experiment, 'less') - 0.2)).toBeLessThan(0.005);
  });

  it('takes part of the users as the traffic says, split like all of them', () => {
    const experiment = experimentWith({ trafficBasisPoints: 2_000 });
    expect(Math.abs(share(experiment, undefined) - 0.8)).toBeLessThan(0.005);
    expect(Math.abs(share(experiment, 'more') - 0.2 * 0.3)).toBeLessThan(0.005);
  });

  it('moves no user between arms when the traffic is raised, and throws none out', () => {
    const little = experimentWith({ trafficBasisPoints: 1_000 });
    const much = experimentWith({ trafficBasisPoints: 9_000 });
    const moved = USERS.filter((userId) => {
      const before = armOf(little, userId);
      return before !== undefined && armOf(much, userId) !== before;
    });
    expect(moved).toEqual([]);
  });

  it('draws arms of two experiments independently', () => {
    const first = experimentWith();
    const second = experimentWith({ trafficSalt: 'other-traffic', armSalt: 'other-arm' });
    const both = USERS.filter((userId) => armOf(first, userId) === 'control' && armOf(second, userId) === 'control').length / USERS.length;
    expect(Math.abs(both - 0.25)).toBeLessThan(0.005);
  });

  it.each([
    [{}, true],
    [{ plans: ['free', 'pro'] }, true],
    [{ plans: ['pro'] }, false],
    [{ intents: ['fix'] }, true],
    [{ intents: ['search'] }, false],
    [{ plans: ['free'], intents: ['search'] }, false],
  ])('targeting %p takes in a free user who wants a fix: %p', (targeting, isIn) => {
    expect(armOf(experimentWith({ targeting }), 'alice') !== undefined).toBe(isIn);
  });

  it('assigns nobody without a user, and nobody of an unknown plan to an experiment on plans', () => {
    expect(activeArms([experimentWith()], { intent: 'fix' })).toEqual([]);
    expect(activeArms([experimentWith({ targeting: { plans: ['free'] } })], { userId: 'alice' })).toEqual([]);
  });
});
