import { Socket } from 'node:net';
import pg from 'pg';
import { endClient } from './postgresql.session.js';

const RETRY_DELAY_MS = 1_000;

/**
 * Listens on a channel over a connection of its own, taken again whenever it breaks. What is notified
 * meanwhile is lost, so readers poll as well.
 */
export class PostgresqlListener {
  private client: pg.Client | undefined;
  private socket = new Socket();
  private connecting: Promise<void> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;
  private isStopped = false;

  constructor(
    private readonly options: pg.ClientConfig,
    private readonly channel: string,
    private readonly onNotify: (payload: string) => void,
  ) {}

  /** Resolves when it listens, or when the first attempt failed and others will follow. */
  start(): Promise<void> {
    this.connecting = this.connect();
    return this.connecting;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.retry);
    await this.connecting;
    if (this.client) await endClient(this.client, this.socket);
  }

  private async connect(): Promise<void> {
    this.socket = new Socket();
    const { socket } = this;
    const client = new pg.Client({ ...this.options, stream: () => socket });
    client.on('notification', (message) => this.onNotify(message.payload ?? ''));
    client.on('error', () => undefined); // 'end' follows
    client.on('end', () => this.lost(client));
    this.client = client;
    try {
      await client.connect();
      await client.query(`LISTEN ${pg.escapeIdentifier(this.channel)}`);
    } catch {
      await endClient(client, socket).catch(() => undefined); // it may not even have been connected
      this.lost(client);
    }
  }

  private lost(client: pg.Client): void {
    if (this.client !== client) return;
    this.client = undefined;
    if (this.isStopped) return;
    this.retry = setTimeout(() => void this.start(), RETRY_DELAY_MS);
    this.retry.unref();
  }
}
