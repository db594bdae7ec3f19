import { createHmac } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Prisma, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { presentEpisode } from './alert-history.js';
import { ALERT_RULES } from './alert-rules.js';

type Notification = Prisma.AlertNotificationGetPayload<{ include: { episode: true } }>;

/**
 * Sends what alerts have to say to ALERT_WEBHOOK_URL. A notification that is not accepted (2xx) is tried again with
 * doubling pauses, up to `alert.webhookMaxAttempts`; whoever receives it can tell a repetition by its `lomu-delivery`.
 */
@Injectable()
export class AlertWebhook {
  private readonly logger = new Logger(AlertWebhook.name);

  constructor(
    private readonly prisma: PrismaService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Sends what is due, at most `batchSize`; to be called by one instance at a time. @returns how many were tried */
  async deliverDue(batchSize: number): Promise<number> {
    const url = this.config.alerts.webhookUrl;
    if (!url) return 0;
    const due = await this.prisma.alertNotification.findMany({
      where: { deliveredAt: null, dueAt: { lte: new Date(this.clock.now()) }, attempts: { lt: this.limits.value('alert.webhookMaxAttempts') } },
      include: { episode: true },
      orderBy: [{ dueAt: 'asc' }, { id: 'asc' }],
      take: batchSize,
    });
    for (const notification of due) await this.deliver(url, notification);
    return due.length;
  }

  private async deliver(url: string, notification: Notification): Promise<void> {
    const attempts = notification.attempts + 1;
    const fault = await this.send(url, notification);
    const now = this.clock.now();
    const dueAt = new Date(now + this.limits.value('alert.webhookRetryMs') * 2 ** (attempts - 1));
    const outcome = fault === undefined ? { deliveredAt: new Date(now), lastError: null } : { dueAt, lastError: fault };
    await this.prisma.alertNotification.update({ where: { id: notification.id }, data: { attempts, ...outcome } });
    if (fault !== undefined) this.logger.warn({ message: 'alert webhook not accepted', alert: notification.episode.alert, attempts, fault });
  }

  /** @returns what went wrong, or undefined when it was accepted */
  private async send(url: string, notification: Notification): Promise<string | undefined> {
    const body = JSON.stringify({ state: notification.state, ...presentEpisode(notification.episode), advice: adviceOf(notification.episode.alert) });
    const headers = { 'content-type': 'application/json', 'lomu-delivery': notification.id, ...this.signature(body) };
    try {
      const response = await fetch(url, { method: 'POST', headers, body, redirect: 'error', signal: AbortSignal.timeout(this.limits.value('alert.webhookTimeoutMs')) });
      await response.body?.cancel();
      return response.ok ? undefined : `it answered ${response.status}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** HMAC-SHA-256 over `<unix seconds>.<body>`: who has the secret can tell that it is ours and not an old one again. */
  private signature(body: string): Record<string, string> {
    const secret = this.config.alerts.webhookSecret;
    if (!secret) return {};
    const at = Math.floor(this.clock.now() / 1_000);
    return { 'lomu-signature': `t=${at},v1=${createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')}` };
  }
}

function adviceOf(alert: string): string | null {
  return ALERT_RULES.find(({ id }) => id === alert)?.advice ?? null;
}
