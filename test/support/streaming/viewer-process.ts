import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** Viewers by the thousand, in another process. */
export class ViewerProcess {
  private readonly child: ChildProcess = fork(new URL('./stream-viewers.mjs', import.meta.url).pathname, { execArgv: [] });

  /** Resolves when each has its first byte. */
  async open(port: number, runIds: readonly string[]): Promise<void> {
    this.child.send({ port, runIds });
    await this.answer();
  }

  /** Resolves when each of those that are open has got so many heartbeats. */
  async haveHeartbeats(heartbeats: number): Promise<void> {
    this.child.send({ heartbeats });
    await this.answer();
  }

  /** Resolves when all that are open have been ended by the server. Ask before that happens. */
  async ended(): Promise<{ heartbeats: number; fewestHeartbeats: number }> {
    return (await this.answer()) as { heartbeats: number; fewestHeartbeats: number };
  }

  close(): void {
    this.child.kill();
  }

  private async answer(): Promise<unknown> {
    const [answer] = (await Promise.race([
      once(this.child, 'message'),
      once(this.child, 'exit').then(() => {
        throw new Error('The viewers have failed; see above.');
      }),
    ])) as [unknown];
    return answer;
  }
}
