import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { UIMessage } from 'ai';
import { newId } from '../../../src/common/index.js';
import { type AiSdkApp, answerOf, gate, inTwoHalves, metadataOf, partsOf, shows, startAiSdkApp } from '../../support/ai-sdk/ai-sdk-app.js';
import { type MountedChat, VERSIONS } from '../../support/ai-sdk/use-chat.js';
import { turn } from '../../support/gemini-emulator/index.js';
import type { HttpAnswer } from '../../support/http-client.js';

let ai: AiSdkApp;

beforeAll(async () => {
  ai = await startAiSdkApp();
});
afterAll(() => ai.close());
afterEach(() => ai.reset());

const stop = (chat: MountedChat): Promise<HttpAnswer> => ai.alice.post(`/api/chat/${chat.chat.id}/stop`);

describe.each(VERSIONS)('useChat of AI SDK %s, unmodified', (version) => {
  it('shows an answer with its thoughts, and knows at the end what it used and cost', async () => {
    ai.gemini.script([turn().thought('Hm.').text('It is ', 'blue.')]);
    const chat = await ai.mount(version);
    await chat.chat.sendMessage({ text: 'Which colour?' });
    expect(chat.chat).toMatchObject({ status: 'ready', error: undefined });
    expect(chat.shown).toBe('It is blue.');
    expect(partsOf(chat, 'reasoning')).toMatchObject([{ text: 'Hm.', state: 'done' }]);
    expect(metadataOf(chat)).toMatchObject({ status: 'completed', finishReason: 'stop', model: 'gemini/gemini-3.6-flash', usage: { modelCalls: 1 }, billing: { credits: expect.any(Number) } });
    expect(chat.data.map(({ type }) => type)).toEqual(expect.arrayContaining(['data-phase', 'data-usage']));
    expect(answerOf(chat).parts.filter(({ type }) => type.startsWith('data-'))).toEqual([]);
  });

  it('shows tools with what they were given and gave back, step by step', async () => {
    ai.gemini.script([turn().text('I look. ').call('list_files', {}), turn().call('read_file', { path: 'missing.txt' }), turn().text('There is nothing.')]);
    const chat = await ai.mount(version, { body: { intent: 'analysis' } });
    await chat.chat.sendMessage({ text: 'What is in here?' });
    expect(answerOf(chat).parts).toMatchObject([
      { type: 'step-start' },
      { type: 'text', text: 'I look. ', state: 'done' },
      { type: 'tool-list_files', state: 'output-available', input: {}, output: expect.stringContaining('empty') },
      { type: 'step-start' },
      { type: 'tool-read_file', state: 'output-error', input: { path: 'missing.txt' }, errorText: expect.stringContaining('missing.txt') },
      { type: 'step-start' },
      { type: 'text', text: 'There is nothing.', state: 'done' },
    ]);
  });

  it('goes on with the conversation that its chat id names, whatever else it sends of it', async () => {
    ai.gemini.script([turn().text('Hello.'), turn().text('You said hi.')]);
    const chat = await ai.mount(version);
    await chat.chat.sendMessage({ text: 'hi' });
    await chat.chat.sendMessage({ text: 'What did I say?' });
    expect(ai.gemini.requests[1]?.body.contents.map(({ parts }) => parts[0]?.text)).toEqual(['hi', 'Hello.', 'What did I say?']);
    expect(chat.chat.messages).toHaveLength(4);
  });

  it('is told of a run that failed in the middle, and keeps what had come', async () => {
    ai.gemini.script([turn().text('Half an answer').finish('SAFETY')]);
    const chat = await ai.mount(version);
    await chat.chat.sendMessage({ text: 'Go on' });
    expect(chat.chat.status).toBe('error');
    expect(chat.chat.error?.message).toMatch(/\(safety_stop\)$/);
    expect(chat.shown).toBe('Half an answer');
    expect(metadataOf(chat)).toMatchObject({ status: 'failed', error: { code: 'safety_stop' }, usage: { modelCalls: 1 } });
  });

  it('is told in words, and by a code, why it was refused', async () => {
    const chat = await ai.mount(version, { body: { model: 'nobody/knows' } });
    await chat.chat.sendMessage({ text: 'hi' });
    expect(chat.chat.status).toBe('error');
    expect(chat.chat.error?.message).toMatch(/^[^{].*nobody\/knows.* \(unknown_model\)$/s);
  });

  it('shows the right text when a part of it was withdrawn, live and to whoever comes later', async () => {
    const { opened, open } = gate();
    ai.gemini.script([turn().text('I look. ').call('list_files', {}), turn().text('A wrong st').cut(), turn().text('The right one').waitFor(() => opened).text(', at last.')]);
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(shows('The right one'));
    const late = await ai.mount(version, { id: chat.chat.id, resume: true });
    await late.until(shows('The right one'));
    open();
    await sent;
    await late.until(({ status }) => status === 'ready');
    for (const { shown } of [chat, late]) expect(shown).toBe('I look. \nThe right one, at last.');
    expect(partsOf(chat, 'text').map(({ text, providerMetadata }) => ({ text, providerMetadata }))).toEqual([{ text: 'I look. ' }, { text: 'A wrong st', providerMetadata: { lomu: { discarded: true } } }, { text: 'The right one, at last.' }]);
    expect(partsOf(late, 'text')).toHaveLength(2);
    expect(chat.data.map(({ type }) => type)).toEqual(expect.arrayContaining(['data-failure', 'data-recovery']));
  });

  it('goes on after stop(), which only ends the watching, and shows all when it comes back', async () => {
    const half = gate();
    ai.gemini.script([inTwoHalves(half)]);
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(shows('A long'));
    await chat.chat.stop();
    await sent;
    expect(chat.chat.status).toBe('ready');
    const { runId } = metadataOf(chat);
    expect((await ai.alice.get(`/api/chat/runs/${runId as string}`)).body.status).toBe('running');
    const resumed = chat.chat.resumeStream();
    half.open();
    await resumed;
    expect(chat.chat.messages).toHaveLength(2);
    expect(partsOf(chat, 'text')).toMatchObject([{ text: 'A long answer.', state: 'done' }]);
    expect(metadataOf(chat)).toMatchObject({ runId, status: 'completed' });
  });

  it('shows what goes on when the page is loaded anew, and nothing when nothing does', async () => {
    const half = gate();
    ai.gemini.script([inTwoHalves(half)]);
    const before = await ai.mount(version);
    const sent = before.chat.sendMessage({ text: 'Tell me' });
    await before.until(shows('A long'));
    const after = await ai.mount(version, { id: before.chat.id, resume: true, messages: before.chat.messages.slice(0, 1) });
    await after.until(shows('A long'));
    half.open();
    await after.until(({ status }) => status === 'ready');
    await sent;
    expect(after.chat.messages.at(-1)).toEqual(before.chat.messages.at(-1));

    for (const id of [before.chat.id, newId()]) {
      const idle = await ai.mount(version, { id });
      await idle.chat.resumeStream();
      expect(idle.chat).toMatchObject({ status: 'ready', error: undefined, messages: [] });
    }
  });

  it('has the status error when its connection is cut, and all of the answer when it resumes', async () => {
    const half = gate();
    ai.gemini.script([inTwoHalves(half)]);
    const requested = once(ai.lomu.app.getHttpServer(), 'request') as Promise<[IncomingMessage]>;
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(shows('A long'));
    (await requested)[0].socket.destroy();
    await sent;
    expect(chat.chat.status).toBe('error');
    expect(metadataOf(chat)).not.toHaveProperty('status');
    const resumed = chat.chat.resumeStream();
    half.open();
    await resumed;
    expect(chat.chat).toMatchObject({ status: 'ready', error: undefined });
    expect(partsOf(chat, 'text')).toMatchObject([{ text: 'A long answer.' }]);
    expect(metadataOf(chat)).toMatchObject({ status: 'completed' });
  });

  it('stops its run by POST stop, once or more often, and keeps what had come', async () => {
    ai.gemini.script([turn().text('A long').stall()]);
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(shows('A long'));
    const { runId } = metadataOf(chat);
    expect(await stop(chat)).toMatchObject({ status: 202, body: { runIds: [runId] } });
    await sent;
    expect(chat.chat).toMatchObject({ status: 'ready', error: undefined });
    expect(chat.shown).toBe('A long');
    expect(metadataOf(chat)).toMatchObject({ status: 'cancelled', reason: 'user', usage: { modelCalls: 1 } });
    expect(await stop(chat)).toMatchObject({ status: 202, body: { runIds: [] } });
  });

  it('can be stopped before its first word', async () => {
    ai.gemini.script([turn().stall()]);
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(({ messages }) => messages.length === 2);
    expect((await stop(chat)).body.runIds).toHaveLength(1);
    await sent;
    expect(chat.chat).toMatchObject({ status: 'ready', error: undefined });
    expect(metadataOf(chat)).toMatchObject({ status: 'cancelled', reason: 'user' });
  });

  it('gives a message precedence over the run that still goes on before it', async () => {
    ai.gemini.script([turn().text('A long').stall(), turn().text('Short.')]);
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(shows('A long'));
    await chat.chat.stop();
    await sent;
    await chat.chat.sendMessage({ text: 'No, shorter' });
    expect(chat.shown).toBe('A long\nShort.');
    expect(chat.chat.messages).toHaveLength(4);
  });

  it('has one run for a message that is sent again', async () => {
    ai.gemini.script([turn().text('Once.')]);
    const chat = await ai.mount(version);
    await chat.chat.sendMessage({ text: 'Tell me' });
    const first = metadataOf(chat).runId;
    chat.unmount();
    const again = await ai.mount(version, { id: chat.chat.id, messages: chat.chat.messages.slice(0, 1) });
    await again.chat.sendMessage();
    expect(metadataOf(again)).toMatchObject({ runId: first, status: 'completed' });
    expect(again.shown).toBe('Once.');
    expect(ai.gemini.requests).toHaveLength(1);
  });

  it('has an answer made anew, and a message changed, as if what stood there had never been', async () => {
    ai.gemini.script([turn().text('Red.'), turn().text('Blue.'), turn().text('Nothing.'), turn().text('Green.')]);
    const chat = await ai.mount(version);
    await chat.chat.sendMessage({ text: 'Which colour?' });
    await chat.chat.regenerate();
    expect(chat.shown).toBe('Blue.');
    await chat.chat.sendMessage({ text: 'And then?' });
    await chat.chat.sendMessage({ text: 'Which other colour?', messageId: (chat.chat.messages[0] as UIMessage).id });
    expect(chat.shown).toBe('Green.');
    expect(ai.gemini.requests.map(({ body }) => body.contents.map(({ parts }) => parts[0]?.text))).toEqual([['Which colour?'], ['Which colour?'], ['Which colour?', 'Blue.', 'And then?'], ['Which other colour?']]);
    const conversation = metadataOf(chat).conversationId as string;
    expect((await ai.alice.get(`/api/chat/conversations/${conversation}/messages`)).body.items.map(({ text }: { text: string }) => text)).toEqual(['Which other colour?', 'Green.']);
  });

  it('does not make an answer anew while its run goes on', async () => {
    ai.gemini.script([turn().text('A long').stall()]);
    const chat = await ai.mount(version);
    const sent = chat.chat.sendMessage({ text: 'Tell me' });
    await chat.until(shows('A long'));
    await chat.chat.stop();
    await sent;
    await chat.chat.regenerate();
    expect(chat.chat.error?.message).toMatch(/\(conversation_busy\)$/);
    await stop(chat);
  });

  it('makes a message anew that was refused before', async () => {
    ai.gemini.script([turn().text('Now.')]);
    await ai.lomu.database.prisma.creditAccount.updateMany({ where: { userId: 'alice' }, data: { heldNanoUsd: { increment: 10n ** 15n } } });
    const chat = await ai.mount(version);
    await chat.chat.sendMessage({ text: 'Tell me' });
    expect(chat.chat.error?.message).toMatch(/\(insufficient_credits\)$/);
    await ai.lomu.database.prisma.creditAccount.updateMany({ where: { userId: 'alice' }, data: { heldNanoUsd: { decrement: 10n ** 15n } } });
    await chat.chat.regenerate();
    expect(chat.shown).toBe('Now.');
  });

  it('has a chat of its own when another user’s has the same id', async () => {
    ai.gemini.script([turn().text('For Alice.'), turn().text('For Bob.')]);
    const ofAlice = await ai.mount(version);
    await ofAlice.chat.sendMessage({ text: 'hi' });
    const { id } = ofAlice.chat;
    const ofBob = await ai.mount(version, { id, key: ai.keys.bob });
    expect(await ai.lomu.client.withToken(ai.keys.bob).post(`/api/chat/${id}/stop`)).toMatchObject({ status: 404, body: expect.stringContaining('(conversation_not_found)') });
    await ofBob.chat.sendMessage({ text: 'hi' });
    expect(ofBob.shown).toBe('For Bob.');
    expect(metadataOf(ofBob).conversationId).not.toBe(metadataOf(ofAlice).conversationId);
    const stranger = await ai.mount(version, { id, key: 'nobody' });
    await stranger.chat.sendMessage({ text: 'hi' });
    expect(stranger.chat.error?.message).toMatch(/\(unauthenticated\)$/);
  });
});
