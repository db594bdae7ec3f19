import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { type RedisServer, RedisUnusableError } from './redis-server.js';

const CONNECT_TIMEOUT_MS = 5_000;
const COMMAND_TIMEOUT_MS = 5_000;
const MIN_RECONNECT_DELAY_MS = 50;
const MAX_RECONNECT_DELAY_MS = 2_000;
/** How long commands under way may take when the application closes. */
const CLOSE_TIMEOUT_MS = 500;

/**
 * Opens the connections of this process and takes broken ones up again, for as long as the process lives
 * and with growing pauses. One line in the log per loss and per return, not per attempt.
 */
export class IoredisServer implements RedisServer {
  readonly commands: Redis;
  private readonly logger = new Logger('Redis');
  private readonly open = new Set<Redis>();

  private constructor(
    private readonly url: string,
    readonly keyPrefix: string,
  ) {
    this.commands = this.create('commands', { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, commandTimeout: COMMAND_TIMEOUT_MS, socketTimeout: COMMAND_TIMEOUT_MS, lazyConnect: true });
  }

  /** @throws RedisUnusableError when it does not answer */
  static async connect(url: string, keyPrefix: string): Promise<IoredisServer> {
    const server = new IoredisServer(url, keyPrefix);
    let socketError: Error | undefined; // the client itself only says that the connection is closed
    server.commands.once('error', (error: Error) => (socketError = error));
    try {
      await server.commands.connect();
      await server.commands.ping();
      return server;
    } catch (error) {
      server.commands.disconnect();
      throw new RedisUnusableError(`REDIS_URL: ${withoutCredentials(url)} does not answer (${reasonOf(socketError ?? error)}). Start Redis there, correct the URL, or unset it to run a single instance.`, { cause: error });
    }
  }

  connect(purpose: string): Redis {
    return this.create(purpose, { maxRetriesPerRequest: null, autoResubscribe: false });
  }

  key(...parts: readonly string[]): string {
    return [this.keyPrefix, ...parts].join(':');
  }

  /** Lets commands under way finish. Connections that block, or have lost the server, are cut. */
  async close(): Promise<void> {
    for (const connection of this.open) if (connection !== this.commands) connection.disconnect();
    if (this.commands.status === 'ready') await Promise.race([this.commands.quit().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT_MS).unref())]);
    this.commands.disconnect();
  }

  private create(purpose: string, options: RedisOptions): Redis {
    const connection = new Redis(this.url, {
      disconnectTimeout: CLOSE_TIMEOUT_MS,
      connectionName: `lomu-${purpose}`,
      connectTimeout: CONNECT_TIMEOUT_MS,
      retryStrategy: (attempt) => Math.min(MIN_RECONNECT_DELAY_MS * 2 ** Math.min(attempt, 10), MAX_RECONNECT_DELAY_MS) * (0.5 + Math.random() / 2),
      ...options,
    });
    this.open.add(connection);
    connection.on('end', () => this.open.delete(connection));
    this.reportChanges(connection, purpose);
    return connection;
  }

  private reportChanges(connection: Redis, purpose: string): void {
    let lastError: Error | undefined;
    let isLost = false;
    connection.on('error', (error: Error) => (lastError = error)); // 'close' follows; without a listener it would be printed for each attempt
    connection.on('reconnecting', () => {
      if (!isLost) this.logger.warn({ message: 'lost a connection to Redis; taking it up again', purpose, reason: lastError && reasonOf(lastError) });
      isLost = true;
    });
    connection.on('ready', () => {
      if (isLost) this.logger.log({ message: 'Redis is back', purpose });
      isLost = false;
    });
  }
}

function withoutCredentials(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // Where a name has several addresses, the message is empty.
  return error.message || (error as NodeJS.ErrnoException).code || error.name;
}
