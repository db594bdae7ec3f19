import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import { SystemClock } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import { McpServers, type Tool, ToolError } from '../../../src/tools/index.js';
import { openSdkMcpSession } from '../../../src/tools/mcp/sdk.mcp-session.js';
import { startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { startTestApp } from '../../support/test-app.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const packageFile = (path: string): string => fileURLToPath(new URL(`../../../node_modules/@modelcontextprotocol/${path}`, import.meta.url));
const EVERYTHING = packageFile('server-everything/dist/index.js');
const FILESYSTEM = packageFile('server-filesystem/dist/index.js');
const node = (...args: string[]) => ({ command: process.execPath, args });

let base: string;
const cleanUps: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  Logger.overrideLogger(false);
  base = await realpath(await mkdtemp(join(tmpdir(), 'lomu-mcp-')));
});
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});
afterAll(() => rm(base, { recursive: true, force: true }));

interface Connected {
  readonly servers: McpServers;
  readonly tools: Map<string, Tool>;
  /** Resolves once a server's state is as wanted. */
  until(matches: () => boolean): Promise<void>;
}

async function connect(mcpServers: Record<string, unknown>, limits: Partial<LimitValues> = {}): Promise<Connected> {
  const file = join(base, 'mcp.json');
  await writeFile(file, JSON.stringify({ mcpServers }));
  const servers = new McpServers({ mcpServersFile: file } as never, openSdkMcpSession, new FixedLimits({ 'mcp.reconnectMs': 50, ...limits }), new SystemClock());
  const tools = new Map<string, Tool>();
  const waiters = new Set<() => void>();
  servers.tellTools((_, offered) => {
    for (const tool of offered) tools.set(tool.name, tool);
    for (const waiter of waiters) waiter();
  });
  cleanUps.push(() => servers.onModuleDestroy());
  servers.onApplicationBootstrap();
  await servers.firstAttempts();
  const until = async (matches: () => boolean): Promise<void> => {
    const deadline = Date.now() + 15_000;
    while (!matches()) {
      if (Date.now() > deadline) throw new Error(`Not within 15 s: ${JSON.stringify(servers.states())}`);
      await new Promise<void>((resolve) => {
        waiters.add(resolve);
        setTimeout(resolve, 50);
      });
    }
  };
  return { servers, tools, until };
}

function call({ tools }: Connected, name: string, input: unknown, signal = new AbortController().signal, onProgress: (text: string) => void = () => undefined): Promise<string> {
  const tool = tools.get(name);
  if (!tool) throw new Error(`There is no ${name}: ${[...tools.keys()].join(', ')}`);
  return tool.execute(tool.input.parse(input), { signal, onProgress } as never);
}

describe('server-filesystem over stdio', () => {
  it('lists and runs its tools, and tells the model what it refuses', async () => {
    const lomu = await connect({ files: node(FILESYSTEM, base) });
    expect(lomu.servers.states()).toEqual([{ name: 'files', isUp: true, tools: lomu.tools.size }]);
    const path = join(base, 'note.txt');
    await call(lomu, 'mcp_files_write_file', { path, content: 'hello' });
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect(await call(lomu, 'mcp_files_read_text_file', { path })).toContain('hello');
    await expect(call(lomu, 'mcp_files_read_text_file', { path: '/etc/passwd' })).rejects.toMatchObject({ code: 'command_failed' });
    expect(lomu.tools.get('mcp_files_read_text_file')).toMatchObject({ approval: 'ask', readOnly: false });
    expect(lomu.tools.get('mcp_files_read_text_file')?.inputSchema).toMatchObject({ type: 'object', properties: { path: { type: 'string' } } });
  });

  it('lets what only reads run unasked when the operator vouches for it', async () => {
    const lomu = await connect({ files: { ...node(FILESYSTEM, base), trustAnnotations: true } });
    expect(lomu.tools.get('mcp_files_read_text_file')).toMatchObject({ approval: 'allow', readOnly: true });
    expect(lomu.tools.get('mcp_files_write_file')).toMatchObject({ approval: 'ask', readOnly: false });
  });
});

describe('server-everything over stdio', () => {
  it('sees nothing of our environment but what its configuration names (I5)', async () => {
    process.env.LOMU_TEST_SECRET = 'secret';
    cleanUps.push(async () => delete process.env.LOMU_TEST_SECRET);
    const lomu = await connect({ everything: { ...node(EVERYTHING, 'stdio'), env: { GIVEN: 'yes' } } });
    const environment = JSON.parse(await call(lomu, 'mcp_everything_get_env', {})) as Record<string, string>;
    expect(environment).toMatchObject({ GIVEN: 'yes', HOME: '/nonexistent' });
    expect(Object.keys(environment).filter((name) => !['PATH', 'LANG', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'GIVEN'].includes(name))).toEqual([]);
  });

  it('is told when nobody waits for a call any more, goes on working, and shows progress', async () => {
    const lomu = await connect({ everything: node(EVERYTHING, 'stdio') });
    const stop = new AbortController();
    const progress: string[] = [];
    const long = call(lomu, 'mcp_everything_trigger_long_running_operation', { duration: 20, steps: 200 }, stop.signal, (text) => {
      progress.push(text);
      stop.abort(new ToolError('cancelled', 'enough'));
    });
    await expect(long).rejects.toMatchObject({ code: 'cancelled' });
    expect(progress).toEqual(['1 of 200']);
    expect(await call(lomu, 'mcp_everything_echo', { message: 'still here' })).toContain('still here');
    expect(await call(lomu, 'mcp_everything_get_sum', { a: 2, b: 3 })).toContain('5');
    expect(await call(lomu, 'mcp_everything_get_tiny_image', {})).toContain('[image content is not shown]');
  });

  it('is started again when it dies', async () => {
    const pids = join(base, 'pids');
    const lomu = await connect({ everything: { command: '/bin/sh', args: ['-c', `echo $$ >> ${pids}; exec "$0" "$@"`, process.execPath, EVERYTHING, 'stdio'] } });
    process.kill(Number((await readFile(pids, 'utf8')).trim()), 'SIGKILL');
    await lomu.until(() => !lomu.servers.states()[0]?.isUp);
    await lomu.until(() => lomu.servers.states()[0]?.isUp === true);
    expect(await call(lomu, 'mcp_everything_echo', { message: 'back' })).toContain('back');
    expect((await readFile(pids, 'utf8')).trim().split('\n')).toHaveLength(2);
  });

  it('leaves no process behind', async () => {
    const pids = join(base, 'last-pid');
    const lomu = await connect({ everything: { command: '/bin/sh', args: ['-c', `echo $$ > ${pids}; exec "$0" "$@"`, process.execPath, EVERYTHING, 'stdio'] } });
    await lomu.servers.onModuleDestroy();
    const pid = Number(await readFile(pids, 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describe('server-everything over streamable HTTP', () => {
  it('is used, found to be away, and used again when it is back', async () => {
    const port = await freePort();
    let server = await startHttpServer(port);
    const lomu = await connect({ remote: { type: 'http', url: `http://127.0.0.1:${port}/mcp` } }, { 'mcp.pingMs': 100, 'mcp.connectTimeoutMs': 2_000 });
    expect(await call(lomu, 'mcp_remote_echo', { message: 'over http' })).toContain('over http');
    await stop(server);
    await lomu.until(() => !lomu.servers.states()[0]?.isUp);
    await expect(call(lomu, 'mcp_remote_echo', { message: 'anybody' })).rejects.toMatchObject({ code: 'unavailable' });
    server = await startHttpServer(port);
    await lomu.until(() => lomu.servers.states()[0]?.isUp === true);
    expect(await call(lomu, 'mcp_remote_echo', { message: 'again' })).toContain('again');
    await stop(server);
  });
});

describe('what cannot be reached', () => {
  it('stops nothing: the others work, and the state says why', async () => {
    const port = await freePort();
    const lomu = await connect(
      { gone: { url: `http://127.0.0.1:${port}/mcp` }, missing: { command: '/no/such/program' }, dies: { command: '/bin/false' }, mute: { command: '/bin/sleep', args: ['60'] }, off: { command: 'x', disabled: true }, files: node(FILESYSTEM, base) },
      { 'mcp.connectTimeoutMs': 1_500, 'mcp.reconnectMs': 60_000 },
    );
    const states = lomu.servers.states();
    expect(states.map(({ name, isUp }) => [name, isUp])).toEqual([['gone', false], ['missing', false], ['dies', false], ['mute', false], ['files', true]]);
    for (const state of states.slice(0, 4)) expect(state.error).toEqual(expect.any(String));
  });

  it.each(['{', '{"mcpServers": {"a": {}}}', '{"mcpServers": {"a b": {"command": "x"}}}', '{"mcpServers": {"a": {"url": "file:///etc"}}}'])('a file with %s stops the boot, and says which', async (content) => {
    const file = join(base, 'bad.json');
    await writeFile(file, content);
    expect(() => new McpServers({ mcpServersFile: file } as never, openSdkMcpSession, new FixedLimits(), new SystemClock())).toThrow(/^MCP_SERVERS: .*bad\.json cannot be used/);
  });
});

it('in the whole application: boots with a server down, says so, and runs a tool of another once a person allows it', async () => {
  const file = join(base, 'app.json');
  await writeFile(file, JSON.stringify({ mcpServers: { files: node(FILESYSTEM, base), gone: { command: '/no/such/program' } } }));
  const gemini = await startGeminiEmulator();
  cleanUps.push(() => gemini.close());
  const lomu = await startTestApp({ environment: { ...gemini.environment, MCP_SERVERS: file } });
  cleanUps.push(() => lomu.close());
  await lomu.app.get(McpServers).firstAttempts();
  expect((await lomu.client.get('/health')).body).toMatchObject({ status: 'degraded', parts: { mcp: 'degraded' } });
  const path = join(base, 'by-mcp.txt');
  gemini.script([turn().call('mcp_files_write_file', { path, content: 'from the model' }), turn().text('Written.')]);
  const { body } = await lomu.client.post('/api/chat/runs', { message: 'write it', intent: 'fix' });
  const events = lomu.client.events(body.eventsUrl);
  const { callId } = (await events.next((event) => event.type === 'tool.approval_requested')).data;
  await lomu.client.post(`/api/chat/runs/${body.runId}/approvals/${callId}`, { approved: true });
  expect((await events.toTerminal()).filter((event) => event.type === 'tool.succeeded').map((event) => event.data.name)).toEqual(['mcp_files_write_file']);
  expect(await readFile(path, 'utf8')).toBe('from the model');
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

async function startHttpServer(port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], { env: { PATH: process.env.PATH, PORT: `${port}` }, stdio: ['ignore', 'ignore', 'pipe'] });
  cleanUps.push(() => stop(child));
  for await (const piece of child.stderr) if (/listening/i.test(String(piece))) break;
  child.stderr.resume();
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
