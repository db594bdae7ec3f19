import { randomBytes } from 'node:crypto';
import { chmod, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pid } from 'node:process';
import type { Sandbox } from '../../../src/tools/index.js';
import { chownAll } from '../../support/tools/chown-all.js';
import { ESCAPE_PROBES, probeScript, SERVER_VARIABLES } from '../../support/tools/escape-probes.js';
import { createSandboxWorkspace, describeWithSandbox, makeSandbox, runScript, sandboxLimits } from '../../support/tools/test-sandbox.js';
import type { TestWorkspace } from '../../support/test-workspace.js';

const MEBIBYTE = 1024 * 1024;

describeWithSandbox('I5: what a command tries', () => {
  let sandbox: Sandbox;
  let canary: TestWorkspace;
  let workspace: TestWorkspace;
  let servers: Server[];
  let connections = 0;
  const outcomes = new Map<number, string>();

  beforeAll(async () => {
    sandbox = await makeSandbox();
    canary = await createSandboxWorkspace({ secret: 'canary-secret' });
    await chmod(canary.path, 0o777); // its place is what protects it
    workspace = await createSandboxWorkspace({
      '.env': 'canary-secret',
      'packages/one/.env.production': 'canary-secret',
      '.git/config': '[core]\n\trepositoryformatversion = 0\n\tbare = false\n',
      '.git/HEAD': 'ref: refs/heads/main\n',
      '.git/hooks/sample': '',
      '.git/objects/keep': '',
      '.git/refs/heads/keep': '',
      'packages/one/.git/config': '[core]\n',
      'file.txt': 'text',
    });
    await chownAll(workspace.path);
    servers = await listen(join(canary.path, 'socket'), () => connections++);
    const port = ((servers[0] as Server).address() as AddressInfo).port;
    for (const name of SERVER_VARIABLES) process.env[name] = 'canary-secret';
    const { output } = await runScript(sandbox, workspace, probeScript(), {
      environment: { CANARY: canary.path, REPOSITORY: process.cwd(), SERVER: String(pid), PORT: String(port), SOCKET: join(canary.path, 'socket'), HOST_FOLDER: workspace.path },
      limits: sandboxLimits({ timeoutMs: 60_000 }),
    });
    for (const line of output.split('\n')) {
      const [index, word] = line.split('\t');
      if (word !== undefined) outcomes.set(Number(index), word);
    }
  }, 90_000);

  afterAll(async () => {
    for (const name of SERVER_VARIABLES) delete process.env[name];
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await Promise.all([canary.remove(), workspace.remove()]);
  });

  it.each(ESCAPE_PROBES.map(({ group, name }, index) => [`${group} ${name}`, index] as const))('%s', (_, index) => {
    expect(outcomes.get(index)).toBe('held');
  });

  it('left the host as it was', async () => {
    expect((await readdir(canary.path)).sort()).toEqual(['secret', 'socket']);
    expect(await readFile(join(canary.path, 'secret'), 'utf8')).toBe('canary-secret');
    expect(await workspace.read('.env')).toBe('canary-secret');
    expect(await workspace.read('.git/HEAD')).toBe('ref: refs/heads/main\n');
    expect(connections).toBe(0);
  });

  it('would find the secret, the variables and the listener outside of the sandbox', async () => {
    expect(ESCAPE_PROBES.length).toBeGreaterThanOrEqual(150);
    expect(new Set(ESCAPE_PROBES.map(({ group, name }) => `${group} ${name}`)).size).toBe(ESCAPE_PROBES.length);
    const positive = await runScript(sandbox, workspace, 'cat /source/secret; printenv DATABASE_URL', { readOnlyPaths: [{ source: canary.path, target: '/source' }], environment: { DATABASE_URL: 'given' } });
    expect(positive.output).toBe('canary-secretgiven\n');
  });
});

describeWithSandbox('what a command leaves behind', () => {
  let sandbox: Sandbox;
  let workspace: TestWorkspace;
  const mark = `9${randomBytes(3).readUIntBE(0, 3)}`;

  beforeAll(async () => {
    sandbox = await makeSandbox();
    workspace = await createSandboxWorkspace();
  });
  afterAll(() => workspace.remove());

  /** Each starts something that would go on for ever; its number tells it apart. */
  const ORPHANS: Readonly<Record<string, (number: string) => string>> = {
    'in the background': (number) => `sleep ${number} &`,
    'in a session of its own': (number) => `setsid sleep ${number} &`,
    'deaf to hangups': (number) => `nohup sleep ${number} >/dev/null 2>&1 &`,
    'forked twice': (number) => `( ( sleep ${number} & ) & )`,
    'deaf to every signal it may be': (number) => `( trap "" TERM HUP INT QUIT PIPE; sleep ${number} ) &`,
    'with its pipes closed': (number) => `sleep ${number} <&- >&- 2>&- &`,
    'detached by node': (number) => `node -e 'require("child_process").spawn("sleep",["${number}"],{detached:true,stdio:"ignore"}).unref()'`,
    'in its own namespaces': (number) => `unshare -r setsid sleep ${number} >/dev/null 2>&1 &`,
    'stopped': (number) => `sleep ${number} & kill -STOP $!`,
  };
  const numbers = Object.keys(ORPHANS).map((_, index) => `${mark}${index}`);
  const script = Object.values(ORPHANS).map((start, index) => start(numbers[index] as string)).join('\n');

  const alive = async (): Promise<string[]> => {
    const lines = await Promise.all((await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map((name) => readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')));
    return numbers.filter((number) => lines.some((line) => line.includes(number)));
  };

  it.each([
    ['a command that ends', '', {}],
    ['a command that is killed by its time', '\nsleep 30', { limits: sandboxLimits({ timeoutMs: 700 }) }],
  ])('is nothing after %s', async (_, end, request) => {
    await runScript(sandbox, workspace, `${script}\necho started${end}`, request);
    expect(await alive()).toEqual([]);
  });

  it('is nothing after a command that is cancelled, although all of it was there before', async () => {
    const stop = new AbortController();
    const running = runScript(sandbox, workspace, `${script}\nsleep 1\necho started\nsleep 60`, { signal: stop.signal, onOutput: (text) => text.includes('started') && seen() });
    const before = await new Promise<string[]>((resolve, reject) => {
      seen = () => resolve(alive());
      running.catch(reject);
    });
    expect(before.length).toBeGreaterThanOrEqual(numbers.length - 1); // user namespaces may be closed
    const cancelledAt = performance.now();
    stop.abort(new Error('cancelled'));
    await expect(running).rejects.toThrow('cancelled');
    expect(performance.now() - cancelledAt).toBeLessThan(2_000);
    expect(await alive()).toEqual([]);
  });
  let seen: () => void = () => undefined;
});

describeWithSandbox('a command that takes all it can get', () => {
  let sandbox: Sandbox;
  let workspace: TestWorkspace;

  beforeAll(async () => {
    sandbox = await makeSandbox();
  });
  beforeEach(async () => {
    workspace = await createSandboxWorkspace();
  });
  afterEach(() => workspace.remove());

  const limits = sandboxLimits({ timeoutMs: 500, maxProcesses: 40, maxMemoryBytes: 96 * MEBIBYTE, maxTemporaryBytes: 8 * MEBIBYTE, maxFileBytes: 8 * MEBIBYTE, maxOpenFiles: 64, maxOutputBytes: MEBIBYTE, maxCpuSeconds: 2 });
  const GREEDY: Readonly<Record<string, string>> = {
    'a fork bomb': 'bomb() { bomb | bomb & }; bomb; sleep 30',
    'a fork bomb that ignores signals': 'trap "" TERM HUP; bomb() { setsid sh -c "sleep 30" & bomb & bomb & }; bomb; wait',
    'a fork bomb of node': `node -e 'const {spawn}=require("child_process"); for(;;) try { spawn("sleep",["30"],{detached:true,stdio:"ignore"}).on("error",()=>0) } catch {}'`,
    threads: `node -e 'const {Worker}=require("worker_threads"); for(let i=0;i<500;i++) new Worker("setInterval(()=>0,1000)",{eval:true}).on("error",()=>0)'`,
    'memory': `node -e 'const all=[]; for(;;) all.push(Buffer.alloc(1<<22, 1))'`,
    'memory of many processes': 'for n in 1 2 3 4 5 6 7 8; do head -c 60M /dev/zero | tail -c 60M | sleep 30 & done; wait',
    'memory by files': 'for f in /tmp /dev/shm "$HOME"; do for n in 1 2 3 4 5 6 7 8 9; do head -c 4M /dev/zero >$f/$n; done; done; wait',
    'a large file': 'dd if=/dev/zero of=large bs=1M count=100',
    'a file with holes': 'truncate -s 100G holes',
    descriptors: `node -e 'const fs=require("fs"); for(;;) fs.openSync("/dev/null")'`,
    'the processor': 'while :; do :; done & while :; do :; done',
    'output': 'yes',
    'output in long lines': 'cat /dev/zero',
    'a deep folder': 'i=0; while [ $i -lt 400 ]; do mkdir d && cd d; i=$((i+1)); done; sleep 30',
  };

  /** A server that is held up cannot end the command either, and is so for the 30 s that most take by themselves. A busy machine holds it up for a second. */
  const MAX_DELAY_MS = 4_000;

  it.each(Object.entries(GREEDY))('%s: ends by itself or at a limit, and the server answers all the while', async (_, script) => {
    const delays = monitorEventLoopDelay({ resolution: 10 });
    delays.enable();
    const startedAt = performance.now();
    const outcome = await runScript(sandbox, workspace, script, { limits });
    delays.disable();
    // A shell that can start nothing more may well end as if all were fine.
    if (!/bomb|\/tmp/.test(script)) expect(outcome).not.toMatchObject({ endedBy: 'exit', exitCode: 0 });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect(delays.max / 1e6).toBeLessThan(MAX_DELAY_MS);
    // Whatever it did, the next one has everything again.
    expect((await runScript(sandbox, workspace, 'head -c 1M /dev/zero >/tmp/x && echo fine')).output).toBe('fine\n');
  });

  it('holes do not count as a large file that was written', async () => {
    await runScript(sandbox, workspace, 'truncate -s 100G holes; ls -l holes', { limits });
    await rm(join(workspace.path, 'holes'), { force: true });
    expect(await readdir(workspace.path)).toEqual([]);
  });
});

/** Listens on everything local that a command might dial. */
async function listen(socket: string, onConnection: () => void): Promise<Server[]> {
  const start = (begin: (server: Server) => void): Promise<Server> => {
    const server = createServer((connection) => {
      onConnection();
      connection.destroy();
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject).once('listening', () => resolve(server));
      begin(server);
    });
  };
  const tcp = await start((server) => server.listen(0, '::'));
  const { port } = tcp.address() as AddressInfo;
  return [tcp, await start((server) => server.listen(socket)), await start((server) => server.listen(`\0lomu-escape-${port}`))];
}
