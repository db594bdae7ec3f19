import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../common/index.js';
import type { Limits } from '../limits/index.js';

/**
 * Makes and checks stream tickets, for readers that cannot send headers: each opens the events of one run to
 * one user, for `stream.ticketTtlMs`, on every instance that shares the deployment secret.
 * A ticket is `<expiry>.<user id>.<MAC over both and the run>` in characters that need no escaping in a URL.
 */
export class StreamTickets {
  private readonly key: Buffer;

  constructor(
    deploymentSecret: Uint8Array,
    private readonly limits: Limits,
    private readonly clock: Clock,
  ) {
    this.key = Buffer.from(hkdfSync('sha256', deploymentSecret, '', 'lomu stream tickets', 32));
  }

  issue(userId: string, runId: string): string {
    const expiresAtMs = this.clock.now() + this.limits.value('stream.ticketTtlMs');
    const claims = `${expiresAtMs.toString(36)}.${Buffer.from(userId).toString('base64url')}`;
    return `${claims}.${this.sign(claims, runId).toString('base64url')}`;
  }

  /** @returns the user's id, or `undefined` when the ticket is forged, over, or another run's */
  verify(ticket: string, runId: string): string | undefined {
    const [expiry = '', user = '', mac = '', ...rest] = ticket.split('.');
    const given = Buffer.from(mac, 'base64url');
    const expected = this.sign(`${expiry}.${user}`, runId);
    if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    if (parseInt(expiry, 36) <= this.clock.now()) return undefined;
    return Buffer.from(user, 'base64url').toString('utf8');
  }

  private sign(claims: string, runId: string): Buffer {
    return createHmac('sha256', this.key).update(`${claims}.${runId}`).digest();
  }
}
