import { Injectable } from '@nestjs/common';
import { AlertHistory } from './alert-history.js';
import { AlertWebhook } from './alert-webhook.js';
import { AlertsService } from './alerts.service.js';

/** One look at the alerts: evaluated, remembered, told. */
@Injectable()
export class AlertWatch {
  constructor(
    private readonly alerts: AlertsService,
    private readonly history: AlertHistory,
    private readonly webhook: AlertWebhook,
  ) {}

  /** @returns how many alerts began or ended */
  async look(maxNotifications: number): Promise<number> {
    const { items } = await this.alerts.evaluate();
    const changes = await this.history.record(items);
    await this.webhook.deliverDue(maxNotifications);
    return changes;
  }
}
