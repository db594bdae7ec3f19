import { alwaysValidMargin } from '../../../../src/limits/experiments/statistics/always-valid.js';
import { chiSquareTail, normalCriticalValue, studentCriticalValue, studentTails } from '../../../../src/limits/experiments/statistics/distributions.js';
import { checkSampleRatio } from '../../../../src/limits/experiments/statistics/sample-ratio.js';
import { usersPerArm } from '../../../../src/limits/experiments/statistics/sample-size.js';
import { type Sample, standardError, welchDifference } from '../../../../src/limits/experiments/statistics/welch.js';
import { seededNormal, seededRandom } from './seeded-random.js';

const close = (actual: number | undefined, expected: number): void => expect(Math.abs((actual ?? NaN) / expected - 1)).toBeLessThan(1e-6);

function sampleOf(values: readonly number[]): Sample {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { count: values.length, mean, variance };
}

const draw = (count: number, next: () => number): Sample => sampleOf(Array.from({ length: count }, next));

// Reference values: scipy.stats 1.17.
describe('distributions', () => {
  it.each([
    [3.841458820694124, 1, 0.05],
    [10.827566170662733, 1, 0.001],
    [0.5, 2, 0.7788007830714049],
    [5, 3, 0.1717971442967335],
    [20, 10, 0.029252688076961124],
    [40, 4, 4.328422607120966e-8],
    [100, 100, 0.48119168452795674],
  ])('chi-square above %p with %p degrees of freedom', (x, degrees, chance) => close(chiSquareTail(x, degrees), chance));

  it.each([
    [1, 1, 0.5],
    [2.5, 3.7, 0.07182202291182678],
    [1.96, 1_000, 0.050273184955748736],
    [4, 12.5, 0.0016290629206468443],
    [0.1, 50, 0.92074421365297],
    [3, 100_000, 0.0027004608840647234],
    [1.9599639845400545, 1e9, 0.05],
  ])('Student beyond %p with %p degrees of freedom', (t, degrees, chance) => close(studentTails(t, degrees), chance));

  it.each([
    [0.05, 1, 12.706204736174705],
    [0.05, 9.3, 2.2510822246844415],
    [0.01, 30, 2.749995653567226],
    [0.05, 1_000, 1.9623390808264085],
    [0.001, 5, 6.86882662588111],
  ])('critical value for %p with %p degrees of freedom', (chance, degrees, value) => close(studentCriticalValue(chance, degrees), value));

  it.each([
    [0.05, 1.9599639845400545],
    [0.4, 0.8416212335729142],
    [0.001, 3.2905267314918945],
  ])('normal critical value for %p', (chance, value) => close(normalCriticalValue(chance), value));
});

describe('welchDifference', () => {
  // A published worked example; interval and p-value by scipy.stats.ttest_ind(equal_var=False).
  const first = sampleOf([27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]);
  const second = sampleOf([27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.2]);

  it('gives the known interval and p-value', () => {
    const result = welchDifference(first, second, 0.95);
    close(result?.difference, -2.82);
    close(result?.lower, -4.853421196082442);
    close(result?.upper, -0.7865788039175592);
    close(result?.pValue, 0.008303425483320234);
  });

  it('says nothing about a single value', () => {
    expect(welchDifference({ count: 1, mean: 5, variance: 0 }, second, 0.95)).toBeUndefined();
  });

  it('does not divide by a spread of zero', () => {
    const constant = { count: 10, mean: 1, variance: 0 };
    expect(welchDifference(constant, constant, 0.95)).toEqual({ difference: 0, lower: 0, upper: 0, pValue: 1 });
    expect(welchDifference({ ...constant, mean: 2 }, constant, 0.95)).toMatchObject({ difference: 1, pValue: 0 });
  });

  it('A/A: gives false alarms at the nominal rate, on skewed values and unequal arms', () => {
    const random = seededRandom(1);
    const skewed = (): number => -Math.log(1 - random()) * 100;
    const experiments = 1_000;
    let alarms = 0;
    for (let run = 0; run < experiments; run++) {
      if ((welchDifference(draw(150, skewed), draw(300, skewed), 0.95)?.pValue ?? 1) < 0.05) alarms++;
    }
    // 5 % give or take three standard errors of the simulation.
    expect(alarms / experiments).toBeGreaterThan(0.029);
    expect(alarms / experiments).toBeLessThan(0.071);
  });

  it('finds a planted 10 % effect at the stated power', () => {
    const normal = seededNormal(2);
    const needed = usersPerArm({ mean: 100, variance: 30 ** 2 }, { relativeEffect: 0.1, power: 0.8, significance: 0.05 }) ?? 0;
    expect(needed).toBe(142);
    const experiments = 1_000;
    let found = 0;
    for (let run = 0; run < experiments; run++) {
      const difference = welchDifference(draw(needed, () => normal(110, 30)), draw(needed, () => normal(100, 30)), 0.95);
      if (difference && difference.lower > 0) found++;
    }
    // 80 % give or take three standard errors of the simulation.
    expect(found / experiments).toBeGreaterThan(0.762);
    expect(found / experiments).toBeLessThan(0.838);
  });
});

describe('checkSampleRatio', () => {
  it.each([
    [[5_000, 5_000], [1, 1], 1],
    [[5_150, 4_850], [1, 1], 0.0026997960632601883],
    [[810, 190, 100], [8, 1, 1], 9.108708558587135e-15],
  ])('%p users at weights %p', (observed, weights, pValue) => close(checkSampleRatio(observed, weights).pValue, pValue));

  it('alarms below 0.001 only', () => {
    expect(checkSampleRatio([5_150, 4_850], [1, 1]).alarm).toBe(false);
    expect(checkSampleRatio([5_170, 4_830], [1, 1]).alarm).toBe(true);
    expect(checkSampleRatio([0, 0], [1, 1])).toEqual({ pValue: 1, alarm: false });
  });
});

describe('usersPerArm', () => {
  it('says so when there is nothing to reckon with', () => {
    expect(usersPerArm({ mean: 0, variance: 1 }, { relativeEffect: 0.1, power: 0.8, significance: 0.05 })).toBeNull();
    expect(usersPerArm({ mean: 1, variance: 0 }, { relativeEffect: 0.1, power: 0.8, significance: 0.05 })).toBeNull();
  });
});

describe('alwaysValidMargin', () => {
  type Margin = (a: Sample, b: Sample) => number;
  const alwaysValid: Margin = (a, b) => alwaysValidMargin(a, b, 0.05);
  const z = normalCriticalValue(0.1);
  const oneLook: Margin = (a, b) => z * standardError(a, b);

  /** Looks after every ten users of each arm, and tells whether any look raised an alarm. */
  function alarmAtAnyLook(treatment: () => number, control: () => number, margin: Margin): boolean {
    const [treated, controls]: [number[], number[]] = [[], []];
    for (let look = 0; look < 100; look++) {
      for (let user = 0; user < (look === 0 ? 50 : 10); user++) {
        treated.push(treatment());
        controls.push(control());
      }
      const [a, b] = [sampleOf(treated), sampleOf(controls)];
      if (a.mean - b.mean - margin(a, b) > 0) return true;
    }
    return false;
  }

  it.each([
    ['keeps its promise over a hundred looks', alwaysValid, 0, 0.05],
    ['unlike an interval made for one look', oneLook, 0.15, 1],
  ])('%s', (_, margin, atLeast, atMost) => {
    const normal = seededNormal(3);
    const same = (): number => normal(100, 30);
    const experiments = 300;
    let alarms = 0;
    for (let run = 0; run < experiments; run++) if (alarmAtAnyLook(same, same, margin)) alarms++;
    expect(alarms / experiments).toBeGreaterThanOrEqual(atLeast);
    expect(alarms / experiments).toBeLessThanOrEqual(atMost);
  });

  it('still finds real harm', () => {
    const normal = seededNormal(4);
    let found = 0;
    for (let run = 0; run < 50; run++) if (alarmAtAnyLook(() => normal(115, 30), () => normal(100, 30), alwaysValid)) found++;
    expect(found).toBe(50);
  });
});
