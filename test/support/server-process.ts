import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HttpClient } from './http-client.js';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const LOADER = new URL('./typescript-process.mjs', import.meta.url).href;
/** The sources, or the build when TEST_SERVER names one, as in .ci/run: it boots in a quarter less time. So does either without optimising the embedded database's WebAssembly. */
export const SERVER: readonly string[] = ['--liftoff-only', ...(process.env.TEST_SERVER ? [fileURLToPath(new URL(`../../${process.env.TEST_SERVER}`, import.meta.url))] : ['--import', LOADER, MAIN])];
const BOOT_TIMEOUT_MS = 60_000;

/** The server as its users start it: a process of its own that can be killed. */
export interface ServerProcess {
  readonly pid: number;
  readonly url: string;
  readonly client: HttpClient;
  /** What it wrote to both outputs so far. */
  output(): string;
  /** Sends a signal and resolves with the exit code, or the signal that ended it. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/**
 * @param program to start it by another way than from the sources
 * @throws with the process's words when it ends instead of listening
 */
export async function startServerProcess(environment: Readonly<Record<string, string>>, program = SERVER): Promise<ServerProcess> {
  const { child, output, exited } = launch(environment, program);
  const url = await Promise.race([
    listeningUrl(output, child),
    exited.then((code) => {
      throw new Error(`The server ended with ${code}: ${output()}`);
    }),
  ]).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    pid: child.pid as number,
    url,
    client: new HttpClient(url),
    output,
    end: async (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Starts the server where it is expected to give up. */
export async function failToStart(environment: Readonly<Record<string, string>>): Promise<{ code: number | NodeJS.Signals | null; output: string }> {
  const { output, exited, child } = launch(environment, SERVER);
  const timer = setTimeout(() => child.kill('SIGKILL'), BOOT_TIMEOUT_MS);
  const code = await exited;
  clearTimeout(timer);
  return { code, output: output() };
}

function launch(environment: Readonly<Record<string, string>>, program: readonly string[]): { child: ChildProcess; output: () => string; exited: Promise<number | NodeJS.Signals | null> } {
  const env = { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'error', ...environment };
  const child = spawn(process.execPath, ['--no-warnings', ...program], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  const collect = (chunk: Buffer): void => {
    text += chunk.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const exited = new Promise<number | NodeJS.Signals | null>((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  return { child, output: () => text, exited };
}

async function listeningUrl(output: () => string, child: ChildProcess): Promise<string> {
  const deadline = Date.now() + BOOT_TIMEOUT_MS;
  for (;;) {
    const url = /"url":"(http:[^"]+)"/.exec(output())?.[1];
    if (url) return url;
    if (child.exitCode !== null || child.signalCode !== null) return new Promise(() => undefined); // the exit is reported by the other racer
    if (Date.now() > deadline) throw new Error(`The server did not listen within ${BOOT_TIMEOUT_MS} ms: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
