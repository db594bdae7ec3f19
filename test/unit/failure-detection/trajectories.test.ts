import { healthyTrajectories } from '../../support/failure-detection/healthy-trajectories.js';
import { loopTrajectories } from '../../support/failure-detection/loop-trajectories.js';
import { watch } from '../../support/failure-detection/watch-trajectory.js';

describe('long stretches of legitimate work', () => {
  const healthy = healthyTrajectories().map((work) => [work.name, work] as const);

  it('are at least 60', () => {
    expect(healthy.length).toBeGreaterThanOrEqual(60);
  });

  it.each(healthy)('go on: %s', (_, work) => {
    const findings = watch(work);
    expect(findings.filter(({ rung }) => rung === 'stop' || rung === 'escalate')).toEqual([]);
  });
});

describe('loops', () => {
  const loops = loopTrajectories().map((loop) => [loop.work.name, loop] as const);

  it.each(loops)('are told of and ended: %s', (_, { work, healthySteps, expected, mayStop }) => {
    const findings = watch(work);
    expect(findings.filter(({ iteration }) => iteration <= healthySteps)).toEqual([]);
    expect(expected).toContain(findings[0]?.detector);
    expect(findings[0]?.rung).toBe('nudge');
    expect(findings.some(({ rung }) => rung === 'stop')).toBe(mayStop);
  });

  it.each(loops.filter(([, { mayStop }]) => mayStop))('get advice before the end when there is an architect: %s', (_, { work }) => {
    const rungs = watch(work, { hasArchitect: true }).map(({ rung }) => rung);
    expect(rungs).toContain('escalate');
    expect(rungs.filter((rung) => rung === 'escalate').length).toBeLessThanOrEqual(2);
    expect(rungs.indexOf('nudge')).toBeLessThan(rungs.indexOf('escalate'));
    expect(rungs).toContain('stop');
  });
});
