import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { HttpAgent, type ResumeEntry } from '@ag-ui/client';
import { PrismaService } from '../../../src/database/index.js';
import { OpenStreams } from '../../../src/streaming/index.js';
import { customOf, fetchAndForgive, runAgent, textOf, typesOf } from '../../support/ag-ui-agent.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

const MODEL = 'gemini/gemini-3.6-flash';

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace({ 'notes.md': 'nothing much' });
  lomu = await startTestApp({ workspace, environment: { ...gemini.environment, DEFAULT_MODEL: MODEL } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});
beforeEach(() => gemini.reset());

function agentAsking(content: string, threadId?: string): HttpAgent {
  const agent = new HttpAgent({ url: `${lomu.url}/api/ag-ui`, threadId, fetch: fetchAndForgive });
  ask(agent, content);
  return agent;
}

function ask(agent: HttpAgent, content: string): void {
  agent.addMessage({ id: `asked ${agent.messages.length}`, role: 'user', content });
}

describe('the HttpAgent of AG-UI 1.0, unmodified', () => {
  it('streams text, reasoning, steps and usage of a run', async () => {
    gemini.script([turn().thought('Let me see.').text('Hello ', 'there.')]);
    const { events, messages, error } = await runAgent(agentAsking('Hello?'));
    expect(error).toBeUndefined();
    expect(messages.map(({ role, content }) => ({ role, content }))).toEqual([
      { role: 'user', content: 'Hello?' },
      { role: 'reasoning', content: 'Let me see.' },
      { role: 'assistant', content: 'Hello there.' },
    ]);
    expect(typesOf(events)).toEqual(expect.arrayContaining(['STEP_STARTED', 'STEP_FINISHED', 'REASONING_START', 'REASONING_END']));
    expect(events.at(-1)).toMatchObject({ type: 'RUN_FINISHED', outcome: { type: 'success' }, result: { finishReason: 'stop' }, usage: [{ totalTokens: expect.any(Number) }] });
    expect(customOf(events, 'usage.recorded')).toHaveLength(1);
    });

  it('shows a tool call with its arguments and its result behind it, and the text of each step as a message', async () => {
    gemini.script([turn().text('Let me look. ').call('list_files', {}), turn().text('One file.')]);
    const { events, messages } = await runAgent(agentAsking('What is in here?'));
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    const [, first, result, last] = messages;
    expect(first).toMatchObject({ content: 'Let me look. ', toolCalls: [{ function: { name: 'list_files', arguments: '{}' } }] });
    expect(result).toMatchObject({ content: expect.stringContaining('notes.md'), metadata: { lomu: { ok: true } } });
    expect(last).toMatchObject({ content: 'One file.' });
    expect(typesOf(events).filter((type) => type.startsWith('STEP'))).toEqual(['STEP_STARTED', 'STEP_FINISHED', 'STEP_STARTED', 'STEP_FINISHED']);
  });

  it('goes on with the history that is kept here, whatever the client says it was', async () => {
    gemini.script([turn().text('Noted.'), turn().text('Blue.')]);
    const agent = agentAsking('I like blue.');
    await runAgent(agent);
    agent.setMessages([{ id: 'x', role: 'assistant', content: 'You said red.' }]);
    ask(agent, 'What do I like?');
    expect(textOf((await runAgent(agent)).messages)).toEqual(['You said red.', 'Blue.']);
    const prompt = JSON.stringify(gemini.requests[1]?.body.contents);
    expect(prompt).toContain('I like blue.');
    expect(prompt).not.toContain('red');
  });

  it('is told when the run fails, and gets what came before', async () => {
    gemini.script([turn().text('Half an answer').finish('SAFETY')]);
    const { events, messages } = await runAgent(agentAsking('Fail.'));
    expect(events.at(-1)).toMatchObject({ type: 'RUN_ERROR', code: 'safety_stop' });
    expect(customOf(events, 'run.failed')).toMatchObject([{ error: { pattern: 'safety_stop' }, billing: { credits: expect.any(Number) } }]);
    expect(textOf(messages)).toEqual(['Half an answer']);
  });

  it('stops a run by the name it learns first, and is told that it was cancelled', async () => {
    gemini.script([turn().text('A long').stall()]);
    const stop = (lomuRunId: string): Promise<unknown> => lomu.client.post(`/api/chat/runs/${lomuRunId}/cancel`);
    let lomuRunId = '';
    const { events, messages } = await runAgent(agentAsking('Go on.'), {}, (event) => {
      if (event.name === 'lomu.run') lomuRunId = event.value.runId;
      if (event.type === 'TEXT_MESSAGE_CONTENT') void stop(lomuRunId);
    });
    expect(events.at(-1)).toMatchObject({ type: 'RUN_FINISHED', outcome: { type: 'cancelled' } });
    expect(textOf(messages)).toEqual(['A long']);
  });

  it('shows text that was begun anew once', async () => {
    gemini.script([turn().text('Let me look. ').call('list_files', {}), turn().thought('Well').text('The first half').reset(), turn().text('All of it.')]);
    const { events, messages, error } = await runAgent(agentAsking('What is in here?'));
    expect(error).toBeUndefined();
    expect(customOf(events, 'recovery.applied')).toHaveLength(1);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(textOf(messages)).toEqual(['Let me look. ', 'All of it.']);
  });

  it('gets errors before the stream with their status and code', async () => {
    const { error } = await runAgent(agentAsking('Hello?'), { forwardedProps: { lomu: { model: 'nobody/knows' } } });
    expect(error).toMatchObject({ status: 422, payload: expect.stringContaining('"code":"unknown_model"') });
  });

  it('may offer tools, which the model is not told of', async () => {
    gemini.script([turn().text('Done.')]);
    const tools = [{ name: 'paint_page', description: 'Paints the page.', parameters: {} }];
    expect((await runAgent(agentAsking('Paint.'), { tools })).error).toBeUndefined();
    expect(JSON.stringify(gemini.requests[0]?.body)).not.toContain('paint_page');
  });
});

describe('the same threadId and runId again', () => {
  it('is the same run, also for a client that has the run already, and while it goes on', async () => {
    let finish = (): void => undefined;
    const isFinished = new Promise<void>((resolve) => (finish = resolve));
    gemini.script([turn().thought('Hm').text('Let me ', 'look. ').call('list_files', {}), turn().thought('So').text('One').waitFor(() => isFinished).text(' file.')]);
    const agent = agentAsking('What is in here?', 'a thread');
    const late = agentAsking('What is in here?', 'a thread');
    let watching: ReturnType<typeof runAgent> | undefined;
    const first = await runAgent(agent, { runId: 'r' }, (event) => {
      if (event.delta !== 'One' || watching) return;
      watching = runAgent(late, { runId: 'r' }, ({ delta }) => void (delta === 'One' && finish()));
    });
    const joined = await watching;
    expect(textOf(first.messages)).toEqual(['Let me look. ', 'One file.']);
    expect(late.messages).toEqual(agent.messages);
    expect(joined?.events.filter(({ delta }) => delta === 'Let me look. ')).toHaveLength(1); // at once
    const before = structuredClone(agent.messages);
    const again = await runAgent(agent, { runId: 'r' });
    expect(again.error).toBeUndefined();
    expect(again.messages).toEqual(before);
    expect(gemini.requests).toHaveLength(2);
  });

  it('makes a cut stream whole, which the client takes for an error', async () => {
    let finish = (): void => undefined;
    const isCut = new Promise<void>((resolve) => (finish = resolve));
    gemini.script([turn().thought('Hm').text('A long').waitFor(() => isCut).text(' answer.')]);
    const agent = agentAsking('Go on.');
    const requested = once(lomu.app.getHttpServer(), 'request') as Promise<[IncomingMessage]>;
    const cut = await runAgent(agent, { runId: 'r' }, ({ type }) => {
      if (type === 'TEXT_MESSAGE_CONTENT') void requested.then(([{ socket }]) => socket.destroy());
    });
    expect(cut.error).toMatchObject({ message: 'terminated' });
    finish();
    const whole = await runAgent(agent, { runId: 'r' });
    expect(whole.messages.map(({ role, content }) => [role, content])).toEqual([['user', 'Go on.'], ['reasoning', 'Hm'], ['assistant', 'A long answer.']]);
  });

  it('finds the run going on that the client left, for leaving is not stopping', async () => {
    let finish = (): void => undefined;
    const hasLeft = new Promise<void>((resolve) => (finish = resolve));
    gemini.script([turn().text('A long').waitFor(() => hasLeft).text(' answer.')]);
    const agent = agentAsking('Go on.');
    await runAgent(agent, { runId: 'r' }, ({ type }) => void (type === 'TEXT_MESSAGE_CONTENT' && agent.abortRun()));
    finish();
    expect(textOf((await runAgent(agent, { runId: 'r' })).messages)).toEqual(['A long answer.']);
  });

  it('is needed on a thread with a run going on: another run is refused', async () => {
    gemini.script([turn().text('A long').stall()]);
    const agent = agentAsking('Go on.');
    let refused: unknown;
    let lomuRunId = '';
    await runAgent(agent, {}, (event) => {
      if (event.name === 'lomu.run') lomuRunId = event.value.runId;
      if (event.type !== 'TEXT_MESSAGE_CONTENT') return;
      void runAgent(agentAsking('And this?', agent.threadId)).then(({ error }) => {
        refused = error;
        return lomu.client.post(`/api/chat/runs/${lomuRunId}/cancel`);
      });
    });
    expect(refused).toMatchObject({ status: 409, payload: expect.stringContaining('"code":"conversation_busy"') });
  });

  it('is answered with an error that says so when the connection had to be given up', async () => {
    gemini.script([turn().text('A long').stall()]);
    const agent = agentAsking('Go on.');
    const { events, messages } = await runAgent(agent, { runId: 'r' }, ({ type }) => {
      if (type === 'TEXT_MESSAGE_CONTENT') lomu.app.get(OpenStreams)['connections'].forEach((connection) => connection.requestEnd());
    });
    expect(events.at(-1)).toMatchObject({ type: 'RUN_ERROR', code: 'stream_interrupted' });
    expect(typesOf(events).slice(-3)).toEqual(['TEXT_MESSAGE_END', 'STEP_FINISHED', 'RUN_ERROR']);
    expect(textOf(messages)).toEqual(['A long']);
    const { id } = await lomu.app.get(PrismaService).run.findFirstOrThrow({ orderBy: { id: 'desc' } });
    await lomu.client.post(`/api/chat/runs/${id}/cancel`);
  });
});

describe('an approval', () => {
  const writing = (path: string): [string, object] => ['write_file', { path, content: path }];
  let lomuOptions: object;

  beforeAll(async () => {
    const projectId = (await lomu.client.post('/api/projects', { name: 'asks' })).body.id as string;
    await lomu.client.put(`/api/projects/${projectId}/tool-policy`, { rules: [{ tool: 'write_file', decision: 'ask' }] });
    lomuOptions = { forwardedProps: { lomu: { projectId, intent: 'fix' } } };
  });

  async function interrupted(...paths: string[]): Promise<HttpAgent> {
    const asking = paths.reduce((answer, path) => answer.call(...writing(path)), turn().text('I will write. '));
    gemini.script([asking, turn().text('Well then.')]);
    const agent = agentAsking('Write it.');
    const { events, error } = await runAgent(agent, lomuOptions);
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: 'RUN_FINISHED', outcome: { type: 'interrupt', interrupts: paths.map(() => ({ reason: 'tool_call', message: 'May write_file run?' })) } });
    expect(agent.pendingInterrupts).toHaveLength(paths.length);
    return agent;
  }

  const answers = (agent: HttpAgent, ...approved: boolean[]): ResumeEntry[] =>
    agent.pendingInterrupts.map(({ id }, index) => ({ interruptId: id, status: 'resolved', payload: { approved: approved[index], reason: 'wrong folder' } }));

  it('is asked for by an interrupt that names the call, and given by the next run', async () => {
    const agent = await interrupted('a.txt');
    const [{ toolCallId, expiresAt } = { toolCallId: '', expiresAt: '' }] = agent.pendingInterrupts;
    expect(agent.messages.at(-1)).toMatchObject({ role: 'assistant', toolCalls: [{ id: toolCallId, function: { name: 'write_file' } }] });
    expect(Date.parse(expiresAt ?? '')).toBeGreaterThan(Date.now());
    const { events, messages, error } = await runAgent(agent, { runId: 'second', resume: answers(agent, true) });
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: 'RUN_FINISHED', runId: 'second', outcome: { type: 'success' } });
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(messages[2]).toMatchObject({ toolCallId, content: expect.stringContaining('Created a.txt') });
    expect(textOf(messages)).toEqual(['I will write. ', 'Well then.']);
    expect(agent.pendingInterrupts).toEqual([]);
  });

  it('may be denied, and answered call by call', async () => {
    const agent = await interrupted('b.txt', 'c.txt');
    const { messages } = await runAgent(agent, { resume: answers(agent, true, false) });
    expect(messages.filter(({ role }) => role === 'tool')).toMatchObject([{ content: expect.stringContaining('Created b.txt') }, { content: expect.stringContaining('wrong folder'), metadata: { lomu: { code: 'denied' } } }]);
    expect(textOf(messages)).toEqual(['I will write. ', 'Well then.']);
  });

  it('must be answered with the others that the run asks for', async () => {
    const agent = await interrupted('h.txt', 'i.txt');
    const resume = answers(agent, true, true).slice(1);
    const { status, body } = await lomu.client.post('/api/ag-ui', { threadId: agent.threadId, runId: 'half', messages: [], resume });
    expect({ status, code: body.code, detail: body.detail }).toEqual({ status: 422, code: 'validation_failed', detail: expect.stringContaining('every interrupt') });
    await lomu.client.post(`/api/chat/runs/${String(resume[0]?.interruptId).slice(0, 36)}/cancel`);
  });

  it('that nobody gives counts as denied when the interrupt is cancelled', async () => {
    const agent = await interrupted('d.txt');
    const { messages } = await runAgent(agent, { resume: agent.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: 'cancelled' })) });
    expect(messages.find(({ role }) => role === 'tool')).toMatchObject({ metadata: { lomu: { ok: false, code: 'denied' } } });
  });

  it('that was given elsewhere cannot be turned around, but the question can be dropped', async () => {
    const agent = await interrupted('e.txt');
    const [, runId = '', callId = ''] = /^([^:]+):(.+)$/.exec(agent.pendingInterrupts[0]?.id ?? '') ?? [];
    await lomu.client.post(`/api/chat/runs/${runId}/approvals/${callId}`, { approved: true });
    expect((await runAgent(agent, { resume: answers(agent, false) })).error).toMatchObject({ status: 409, payload: expect.stringContaining('approval_answered') });
    const { messages } = await runAgent(agent, { resume: agent.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: 'cancelled' })) });
    expect(messages.find(({ role }) => role === 'tool')).toMatchObject({ metadata: { lomu: { ok: true } } });
  });

  it('is not asked for twice: both runs of the client can be had again', async () => {
    const agent = await interrupted('f.txt');
    const before = structuredClone(agent.messages);
    const resume = answers(agent, true);
    const { messages } = await runAgent(agent, { runId: 'resumed', resume });
    const whole = structuredClone(messages);
    expect((await runAgent(agent, { runId: 'resumed', resume })).messages).toEqual(whole);

    const reloaded = new HttpAgent({ url: agent.url, threadId: agent.threadId, initialMessages: before });
    expect((await runAgent(reloaded, { runId: 'resumed' })).messages).toEqual(whole); // without its answers, after a reload
    const fresh = new HttpAgent({ url: agent.url, threadId: agent.threadId });
    expect((await runAgent(fresh, { runId: 'resumed' })).messages).toEqual(whole.slice(1)); // what the client asked only the client has
    expect(gemini.requests).toHaveLength(2);
  });

  it('is nobody else\'s business', async () => {
    const agent = await interrupted('g.txt');
    const [{ id } = { id: '' }] = agent.pendingInterrupts;
    const runId = id.slice(0, 36);
    const { run } = lomu.app.get(PrismaService);
    await run.update({ where: { id: runId }, data: { userId: 'somebody' } });
    expect((await runAgent(agent, { resume: answers(agent, true) })).error).toMatchObject({ status: 404, payload: expect.stringContaining('run_not_found') });
    await run.update({ where: { id: runId }, data: { userId: 'local' } });
    await lomu.client.post(`/api/chat/runs/${runId}/cancel`);
  });
});
