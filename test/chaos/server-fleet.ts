import { setTimeout as sleep } from 'node:timers/promises';
import { type ServerProcess, startServerProcess } from '../support/server-process.js';

const LOOK_AGAIN_MS = 20;
/** Longer than any grace that a test gives, and than the server waits for its clients after that. */
const STOP_TIMEOUT_MS = 60_000;

/** One or more instances of the server, of which any may be gone at any moment. */
export class ServerFleet {
  private readonly servers: (ServerProcess | undefined)[];
  private isClosed = false;

  constructor(
    private readonly environments: readonly Readonly<Record<string, string>>[],
    private readonly random: () => number,
  ) {
    this.servers = environments.map(() => undefined);
  }

  get size(): number {
    return this.environments.length;
  }

  /** Undefined while it is gone. */
  urlOf(index: number): string | undefined {
    return this.servers[index]?.url;
  }

  async start(index: number): Promise<void> {
    this.servers[index] = await startServerProcess(this.environments[index] as Readonly<Record<string, string>>);
  }

  async startAll(): Promise<void> {
    await Promise.all(this.environments.map((_, index) => this.start(index)));
  }

  /** Without a warning. */
  async kill(index: number): Promise<void> {
    await this.servers[index]?.end('SIGKILL');
    this.servers[index] = undefined;
  }

  /** @throws with what it said when it does not end by itself, in time and with code 0 */
  async stop(index: number): Promise<void> {
    const server = this.servers[index];
    if (!server) return;
    const code = await Promise.race([server.end('SIGTERM'), sleep(STOP_TIMEOUT_MS, 'not at all', { ref: false })]); // it still answers for a while
    this.servers[index] = undefined;
    if (code === 0) return;
    await server.end('SIGKILL');
    throw new Error(`The server that was to stop ended with ${code}: ${server.output()}`);
  }

  async stopAll(): Promise<void> {
    await Promise.all(this.environments.map((_, index) => this.stop(index)));
  }

  /** For good: whoever waits for an instance is told that there will be none. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.environments.map((_, index) => this.kill(index)));
  }

  /** Any instance that lives, now or as soon as there is one. */
  async anyServer(): Promise<ServerProcess> {
    for (;;) {
      if (this.isClosed) throw new Error('There are no more instances.');
      const living = this.servers.filter((server) => server !== undefined);
      const chosen = living[Math.floor(living.length * this.random())];
      if (chosen) return chosen;
      await sleep(LOOK_AGAIN_MS);
    }
  }

  /** What all instances that live now have said. */
  output(): string {
    return this.servers.map((server) => server?.output() ?? '').join('\n');
  }
}
