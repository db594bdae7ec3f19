import { Inject, Injectable } from '@nestjs/common';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { AlertFactsService } from './alert-facts.service.js';
import { ALERT_RULES } from './alert-rules.js';
import { type Alert, evaluateAlert } from './evaluate-alert.js';

export interface AlertEvaluation {
  readonly window: { readonly from: string; readonly to: string };
  /** every rule, those that fire first */
  readonly items: readonly Alert[];
}

/** The alerts for those who run no Prometheus, evaluated from SQL at the moment they are asked for. */
@Injectable()
export class AlertsService {
  constructor(
    private readonly facts: AlertFactsService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async evaluate(): Promise<AlertEvaluation> {
    const facts = await this.facts.gather();
    const minRuns = this.limits.value('alert.minRuns');
    const alerts = ALERT_RULES.map((rule) => {
      const threshold = typeof rule.threshold === 'number' ? rule.threshold : this.limits.value(rule.threshold);
      return evaluateAlert(rule, facts, threshold, minRuns);
    });
    const isFiring = (alert: Alert): number => (alert.state === 'firing' ? 0 : 1);
    return {
      window: { from: facts.window.from.toISOString(), to: facts.window.to.toISOString() },
      items: alerts.sort((a, b) => isFiring(a) - isFiring(b)),
    };
  }
}
