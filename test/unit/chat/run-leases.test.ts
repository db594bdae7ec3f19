import { Logger } from '@nestjs/common';
import { type RunLease, RunLeases } from '../../../src/chat/runs/run-leases.js';
import type { LeaseRenewal } from '../../../src/chat/runs/run-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const LEASE_MS = 9_000;
const RENEWED_EVERY_MS = LEASE_MS / 3;

let clock: FakeClock;
let renewals: LeaseRenewal[];
let renew: () => Promise<{ isOwned: boolean; cancelReason: string | null }>;
let lease: RunLease;

beforeAll(() => Logger.overrideLogger(false));
beforeEach(() => {
  clock = new FakeClock();
  renewals = [];
  renew = renewed;
  const store = { renewLease: (_: unknown, renewal: LeaseRenewal) => (renewals.push(renewal), renew()) };
  lease = new RunLeases(store as never, new FixedLimits({ 'run.leaseMs': LEASE_MS }), clock).hold({ id: 'run', fencingToken: 2, workedMs: 50_000, leaseExpiresAt: new Date(clock.now() + LEASE_MS) } as never);
});
afterEach(() => {
  lease.release();
  expect(clock.pendingTimers).toBe(0);
});

const renewed = () => Promise.resolve({ isOwned: true, cancelReason: null });
const refused = () => Promise.reject(new Error('connection refused'));
const unanswered = () => new Promise<never>(() => undefined);

it('saves with each renewal how long the run was worked on, with the time of those who held it before', async () => {
  await clock.advance(2 * RENEWED_EVERY_MS + 1_000);
  expect(renewals).toEqual([{ leaseMs: LEASE_MS, workedMs: 53_000 }, { leaseMs: LEASE_MS, workedMs: 56_000 }]);
  expect(lease.workTime.totalMs).toBe(57_000);
});

it.each([['refuses', refused], ['does not answer', unanswered]])('run.leaseMs: a run that cannot be renewed because the database %s is ours for that long and no longer (I7)', async (_, behaviour) => {
  await clock.advance(30_000);
  expect(lease.signal.aborted).toBe(false);
  renew = behaviour;
  await clock.advance(LEASE_MS - 1);
  expect(lease.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lease.signal).toMatchObject({ aborted: true, reason: { stopCause: 'lost_lease' } });
});

it('counts a lease from when its renewal was asked for, however late the answer comes (I7)', async () => {
  let answer: () => void = () => undefined;
  renew = () => new Promise((resolve) => (answer = () => resolve({ isOwned: true, cancelReason: null })));
  await clock.advance(RENEWED_EVERY_MS);
  await clock.advance(4_000);
  answer();
  renew = unanswered;
  await clock.advance(LEASE_MS - 4_000 - 1);
  expect(lease.signal.aborted).toBe(false);
  await clock.advance(1);
  expect(lease.signal.aborted).toBe(true);
});

it('ends at once when another has the run, and when it was cancelled elsewhere', async () => {
  renew = () => Promise.resolve({ isOwned: true, cancelReason: 'user' });
  await clock.advance(RENEWED_EVERY_MS);
  expect(lease.signal).toMatchObject({ aborted: true, reason: { stopCause: 'cancelled', detail: 'user' } });
  await clock.advance(RENEWED_EVERY_MS); // a cancelled run takes a while to end, and is ours until then
  expect(renewals).toHaveLength(2);
  renew = () => Promise.resolve({ isOwned: false, cancelReason: null });
  await clock.advance(2 * RENEWED_EVERY_MS);
  expect(renewals).toHaveLength(3);
});
