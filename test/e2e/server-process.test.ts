import { jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDataFolder } from '../support/database/prepared-data-folder.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { failToStart, type ServerProcess, startServerProcess } from '../support/server-process.js';

jest.setTimeout(120_000);

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lomu-process-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe('a server that cannot start says why and what to do', () => {
  it.each<[string, Record<string, string>, RegExp[]]>([
    [
      'every fault of the configuration at once',
      { PORT: 'abc', AUTH_MODE: 'none', LIMIT_TOOL_MAX_PER_ITERATION: 'abc', LIMIT_TOOL_MAX_PER_ITERATIN: '5' },
      [/PORT/, /AUTH_MODE/, /LIMIT_TOOL_MAX_PER_ITERATION\b/, /LIMIT_TOOL_MAX_PER_ITERATIN\b.*LIMIT_TOOL_MAX_PER_ITERATION/s],
    ],
    ['an unusable DATABASE_URL', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing' }, [/DATABASE_URL cannot be used/, /unset DATABASE_URL/]],
    ['single-user mode open to the network', { HOST: '0.0.0.0' }, [/HOST/, /AUTH_MODE=api-key/]],
  ])('%s', async (_, environment, words) => {
    const { code, output } = await failToStart({ DATA_DIR: join(dataDir, 'unused'), ...environment });
    expect(code).toBe(1);
    for (const word of words) expect(output).toMatch(word);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('a busy port', async () => {
    const prepared = await prepareDataFolder('lomu-busy-port-'); // the database is opened first
    const holder: Server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.once('listening', resolve));
    try {
      const { port } = holder.address() as AddressInfo;
      const { code, output } = await failToStart({ DATA_DIR: prepared, PORT: String(port) });
      expect(code).toBe(1);
      expect(output).toContain(`Port ${port} is in use`);
    } finally {
      holder.close();
      await rm(prepared, { recursive: true, force: true });
    }
  });

  it('a file where the data folder should be', async () => {
    const file = join(dataDir, 'a-file');
    await writeFile(file, '');
    const { code, output } = await failToStart({ DATA_DIR: file });
    expect(code).toBe(1);
    expect(output).toMatch(/Set DATA_DIR/);
  });
});

describe('a server that is killed', () => {
  let gemini: GeminiEmulator;
  let server: ServerProcess;
  const boot = () => startServerProcess({ DATA_DIR: join(dataDir, 'killed'), LIMIT_RUN_LEASE_MS: '2000', ...gemini.environment });

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
  });
  afterAll(() => gemini.close());

  it('comes back with everything acknowledged, and takes its run up again where it was left (I1, I2, I3)', async () => {
    server = await boot();
    const other = await failToStart({ DATA_DIR: join(dataDir, 'killed') });
    expect(other.code).toBe(1);
    expect(other.output).toContain(`in use by process ${server.pid}`);

    gemini.script([turn().text('First ', 'answer.').usage({ prompt: 200, candidates: 4 }), turn().call('list_files', {}).usage({ prompt: 300, candidates: 5 }), turn().text('I was about to ').stall(), turn().text('The folder is empty.').usage({ prompt: 310, candidates: 6 })]);
    const { started, terminal } = await server.client.run('Question one', { intent: 'analysis' });
    expect(terminal.type).toBe('run.completed');
    const before = (await server.client.get('/api/billing/balance')).body;

    const { body: cut } = await server.client.post('/api/chat/runs', { message: 'Question two', conversationId: started.conversationId, intent: 'analysis' });
    const stream = server.client.events(cut.eventsUrl);
    const seen = await stream.next((event) => event.type === 'text.delta');
    stream.close();
    expect(await server.end('SIGKILL')).toBe('SIGKILL');

    server = await boot();
    try {
      const messages = (await server.client.get(`/api/chat/conversations/${started.conversationId}/messages`)).body.items;
      expect(messages.map((message: { text: string }) => message.text)).toEqual(['Question one', 'First answer.', 'Question two']);

      // Its lease ends two seconds after it was last renewed; then the next pass of the job gives the run back to the queue.
      let run = (await server.client.get(`/api/chat/runs/${cut.runId}`)).body;
      for (let attempt = 0; attempt < 80 && run.status !== 'completed' && run.status !== 'failed'; attempt++) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        await server.client.post('/api/maintenance/jobs/orphaned-runs/run');
        run = (await server.client.get(`/api/chat/runs/${cut.runId}`)).body;
      }
      expect(run).toMatchObject({ status: 'completed', counters: { iterations: 2, modelCalls: 2, toolCalls: 1 } });

      // The model calls that were acknowledged are paid for; the cut one was not, and its hold is freed by the sweeper in time.
      const after = (await server.client.get('/api/billing/balance')).body;
      expect(BigInt(before.postedNanoUsd) - BigInt(after.postedNanoUsd)).toBe(BigInt(run.billing.creditsNanoUsd));
      expect(BigInt(run.billing.creditsNanoUsd)).toBe(300n * 750n + 5n * 3_750n + 310n * 750n + 6n * 3_750n);

      const events = await server.client.events(cut.eventsUrl.replace(/\?ticket=.*/, ''), { 'last-event-id': seen.id }).toTerminal();
      expect(events[0]).toMatchObject({ type: 'run.snapshot', data: { message: { text: expect.not.stringContaining('I was about to') as string } } });
      expect(events.at(-1)).toMatchObject({ type: 'run.completed', data: { message: { text: 'The folder is empty.' } } });
      expect(Number(events[0]?.id)).toBeGreaterThan(Number(seen.id));
      const ids = events.map((event) => Number(event.id));
      expect(ids).toEqual(ids.map((_, index) => (ids[0] ?? 0) + index));
    } finally {
      expect(await server.end('SIGTERM')).toBe(0);
    }
  });
});
