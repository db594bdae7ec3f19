import { lastAssistantMessageIsCompleteWithApprovalResponses } from 'ai';
import { newId } from '../../../src/common/index.js';
import { type AiSdkApp, gate, inTwoHalves, metadataOf, partsOf, shows, startAiSdkApp } from '../../support/ai-sdk/ai-sdk-app.js';
import { type MountedChat, textOf } from '../../support/ai-sdk/use-chat.js';
import { turn } from '../../support/gemini-emulator/index.js';

let ai: AiSdkApp;

beforeAll(async () => {
  ai = await startAiSdkApp();
});
afterAll(() => ai.close());
afterEach(() => ai.reset());

describe('approvals', () => {
  let projectId: string;

  beforeEach(async () => {
    projectId = (await ai.alice.post('/api/projects', { name: newId() })).body.id;
    await ai.alice.put(`/api/projects/${projectId}/tool-policy`, { rules: [{ tool: 'write_file', decision: 'ask' }] });
  });

  const writing = (path: string): [string, object] => ['write_file', { path, content: path }];
  const approvalsOf = (chat: MountedChat) => partsOf(chat, 'tool-write_file').map(({ state, approval }) => ({ state, id: (approval as { id: string }).id }));

  it('are given in version 6 where the tool is shown, and the same message goes on', async () => {
    ai.gemini.script([turn().text('I write.').call(...writing('a.txt')).call(...writing('b.txt')), turn().text('One written.')]);
    const chat = await ai.mount('v6', { body: { projectId }, sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses });
    await chat.chat.sendMessage({ text: 'Write' });
    expect(chat.chat.status).toBe('ready');
    expect(metadataOf(chat)).toMatchObject({ status: 'waiting' });
    const [first, second] = approvalsOf(chat);
    expect([first, second]).toMatchObject([{ state: 'approval-requested' }, { state: 'approval-requested' }]);
    await chat.chat.addToolApprovalResponse({ id: first?.id as string, approved: true });
    await chat.chat.addToolApprovalResponse({ id: second?.id as string, approved: false, reason: 'wrong folder' });
    await chat.until(({ status, messages }) => status === 'ready' && textOf(messages).includes('One written.'));
    expect(chat.chat.messages).toHaveLength(2);
    expect(chat.shown).toBe('I write.\nOne written.');
    expect(partsOf(chat, 'tool-write_file')).toMatchObject([{ state: 'output-available', output: expect.stringContaining('Created a.txt') }, { state: 'output-denied' }]);
    expect(JSON.stringify(ai.gemini.requests[1]?.body.contents.at(-1))).toContain('wrong folder');
    expect(metadataOf(chat)).toMatchObject({ status: 'completed' });
  });

  it('that are still open are shown to whoever loads the page anew, who can give them', async () => {
    ai.gemini.script([turn().call(...writing('a.txt')), turn().text('Not written.')]);
    const before = await ai.mount('v6', { body: { projectId } });
    await before.chat.sendMessage({ text: 'Write' });
    const after = await ai.mount('v6', { id: before.chat.id, resume: true, messages: before.chat.messages.slice(0, 1), sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses });
    await after.until(({ status, messages }) => status === 'ready' && messages.length === 2);
    await after.chat.addToolApprovalResponse({ id: approvalsOf(after)[0]?.id as string, approved: false });
    await after.until(({ status, messages }) => status === 'ready' && textOf(messages).includes('Not written.'));
    expect(partsOf(after, 'tool-write_file')).toMatchObject([{ state: 'output-denied' }]);
  });

  it('that were given are not asked for again by a replay', async () => {
    const half = gate();
    ai.gemini.script([turn().call(...writing('a.txt')), inTwoHalves(half)]);
    const before = await ai.mount('v6', { body: { projectId }, sendAutomaticallyWhen: lastAssistantMessageIsCompleteWithApprovalResponses });
    await before.chat.sendMessage({ text: 'Write' });
    await before.chat.addToolApprovalResponse({ id: approvalsOf(before)[0]?.id as string, approved: true });
    await before.until(shows('A long'));
    const after = await ai.mount('v6', { id: before.chat.id, resume: true });
    await after.until(shows('A long'));
    half.open();
    await after.until(({ status }) => status === 'ready');
    expect(partsOf(after, 'tool-write_file')).toMatchObject([{ state: 'output-available' }]);
    expect(after.shown).toBe('A long answer.');
  });

  it('are data in version 5, which answers elsewhere while its stream waits', async () => {
    ai.gemini.script([turn().call(...writing('a.txt')), turn().text('Written.')]);
    const chat = await ai.mount('v5', { body: { projectId, toolApprovals: false } });
    const sent = chat.chat.sendMessage({ text: 'Write' });
    await chat.until(({ messages }) => messages.at(-1)?.parts.some(({ type }) => type === 'data-approval') ?? false);
    const [part] = partsOf(chat, 'data-approval') as { data: { toolCallId: string } }[];
    const toolCallId = part?.data.toolCallId;
    await ai.alice.post(`/api/chat/runs/${metadataOf(chat).runId as string}/approvals/${toolCallId}`, { approved: true });
    await sent;
    expect(chat.chat).toMatchObject({ status: 'ready', error: undefined });
    expect(chat.shown).toBe('Written.');
    expect(partsOf(chat, 'tool-write_file')).toMatchObject([{ state: 'output-available' }]);
  });

  it('of a run that is not this chat’s are refused', async () => {
    const part = { type: 'tool-write_file', toolCallId: 'c', state: 'approval-responded', input: {}, approval: { id: 'c', approved: true } };
    const messages = [{ id: newId(), role: 'assistant', parts: [part] }];
    expect(await ai.alice.post('/api/chat', { id: newId(), messages })).toMatchObject({ status: 404, body: expect.stringContaining('(run_not_found)') });
  });
});

describe('POST /api/chat', () => {
  it.each([
    ['a file', { role: 'user', parts: [{ type: 'file', mediaType: 'image/png', url: 'data:' }] }],
    ['an empty message', { role: 'user', parts: [{ type: 'text', text: ' ' }] }],
    ['an answer to nothing', { role: 'assistant', parts: [{ type: 'text', text: 'hi' }] }],
    ['a system message', { role: 'system', parts: [{ type: 'text', text: 'hi' }] }],
    ['no message', 'hi'],
  ])('refuses %s', async (_, last) => {
    expect(await ai.alice.post('/api/chat', { id: newId(), messages: [last] })).toMatchObject({ status: 422, body: expect.stringMatching(/^messages.*\(validation_failed\)$/) });
    expect(ai.gemini.requests).toEqual([]);
  });

  it('answers as the protocol has it: headers, frames of JSON, [DONE]', async () => {
    ai.gemini.script([turn().text('Hello.')]);
    const body = { id: newId(), messages: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] };
    const answer = await ai.alice.post<string>('/api/chat', body);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({ 'content-type': 'text/event-stream', 'x-vercel-ai-ui-message-stream': 'v1', 'x-accel-buffering': 'no' });
    const frames = answer.body.split('\n\n').filter((frame) => frame.startsWith('data: ')).map((frame) => frame.slice(6));
    expect(frames.at(-1)).toBe('[DONE]');
    expect(frames.slice(0, -1).map((frame) => JSON.parse(frame).type as string).filter((type) => !type.startsWith('data-'))).toEqual(['start', 'message-metadata', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish']);
  });
});
