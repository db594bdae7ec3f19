import { type Alarm, type Rung, RUNGS, type Thresholds } from './detector.js';

/** An alarm with what is done about it. */
export interface RungedAlarm {
  readonly alarm: Alarm;
  readonly rung: Rung;
}

/**
 * How far each suspicion has been climbed: nudge, restrict, escalate, stop. The architect is asked once per suspicion and
 * a few times per run; where it cannot be asked that rung is passed over.
 */
export class Ladder {
  private readonly escalated = new Set<string>();

  constructor(
    private readonly thresholds: Thresholds,
    private readonly hasArchitect: boolean,
  ) {}

  /** Of each pattern the alarm that leads furthest, the furthest first; alarms below their first rung are left out. */
  climb(alarms: readonly Alarm[]): RungedAlarm[] {
    const furthest = new Map<string, RungedAlarm>();
    for (const alarm of alarms) {
      const rung = this.rungOf(alarm);
      const before = furthest.get(alarm.pattern);
      if (rung && (!before || rank(rung) > rank(before.rung))) furthest.set(alarm.pattern, { alarm, rung });
    }
    const climbed = [...furthest.values()].sort((a, b) => rank(b.rung) - rank(a.rung));
    for (const { alarm, rung } of climbed) if (rung === 'escalate') this.escalated.add(keyOf(alarm));
    return climbed;
  }

  private rungOf(alarm: Alarm): Rung | undefined {
    const has = (rung: Rung): boolean => alarm.count >= (alarm.ladder[rung] ?? Infinity);
    if (has('escalate') && this.mayEscalate(alarm)) return 'escalate';
    return (['stop', 'restrict', 'nudge'] as const).find(has);
  }

  private mayEscalate(alarm: Alarm): boolean {
    return this.hasArchitect && !this.escalated.has(keyOf(alarm)) && this.escalated.size < this.thresholds('detector.maxEscalations');
  }
}

function rank(rung: Rung): number {
  return RUNGS.indexOf(rung);
}

function keyOf({ detector, key }: Alarm): string {
  return `${detector} ${key}`;
}
