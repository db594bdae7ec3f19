import type { ArmStatistics } from './arm-statistics.js';
import type { Guardrail, StoredArm } from './experiment.js';
import { WORSE } from './metrics.js';
import { alwaysValidMargin } from './statistics/always-valid.js';

/** Chance, over the whole life of an experiment and all its guardrails, to stop one that harms nobody. */
const FALSE_STOP_CHANCE = 0.05;

/**
 * Why an experiment has to stop, or null. A job asks this again and again, so it goes by a bound that holds
 * at every look, shared out evenly over arms and guardrails.
 * @param arms the control first
 * @param minUsers users with ended runs that an arm needs before it is judged
 */
export function findHarm(
  arms: readonly StoredArm[],
  guardrails: readonly Guardrail[],
  statistics: ReadonlyMap<string, ArmStatistics>,
  minUsers: number,
): string | null {
  const [controlArm, ...treatments] = arms;
  const control = controlArm && statistics.get(controlArm.name);
  if (!control) return null;
  const chance = FALSE_STOP_CHANCE / (treatments.length * guardrails.length);
  for (const { name } of treatments) {
    const treatment = statistics.get(name);
    for (const { metric, tolerance } of guardrails) {
      const [baseline, sample] = [control.metrics[metric], treatment?.metrics[metric]];
      if (!sample || Math.min(baseline.count, sample.count) < minUsers) continue;
      const towardsWorse = WORSE[metric] === 'higher' ? 1 : -1;
      const harm = towardsWorse * (sample.mean - baseline.mean);
      const certainHarm = harm - alwaysValidMargin(sample, baseline, chance);
      if (harm > 0 && certainHarm > tolerance * Math.abs(baseline.mean)) {
        return `guardrail ${metric}: arm ${name} has ${format(sample.mean)} where the control has ${format(baseline.mean)}`;
      }
    }
  }
  return null;
}

function format(value: number): string {
  return value.toPrecision(4);
}
