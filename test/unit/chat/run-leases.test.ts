import { RunLeases } from '../../../src/chat/runs/run-leases.js';
import type { LeaseRenewal } from '../../../src/chat/runs/run-store.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

it('each renewal of a lease saves how long the run was worked on, with the time of those who held it before', async () => {
  const clock = new FakeClock();
  const renewals: LeaseRenewal[] = [];
  let isAway = false;
  const store = {
    renewLease: (_: unknown, renewal: LeaseRenewal) => {
      if (isAway) return Promise.reject(new Error('connection refused'));
      renewals.push(renewal);
      return Promise.resolve({ isOwned: true, cancelReason: null });
    },
  };
  const lease = new RunLeases(store as never, new FixedLimits({ 'run.leaseMs': 9_000 }), clock).hold({ id: 'run', fencingToken: 2, workedMs: 50_000 } as never);
  await clock.advance(3_000);
  isAway = true;
  await clock.advance(3_000);
  isAway = false;
  await clock.advance(4_000);
  expect(renewals).toEqual([{ leaseMs: 9_000, workedMs: 53_000 }, { leaseMs: 9_000, workedMs: 59_000 }]);
  expect(lease.workTime.totalMs).toBe(60_000);
  lease.release();
});
