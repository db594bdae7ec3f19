import { clientIdSchema, clientKey, ClientRuns, KeyedAdmission, type KeyedRequest } from '../../../src/chat/index.js';
import type { Principal } from '../../../src/common/index.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import type { TestApp } from '../../support/test-app.js';

const ALICE: Principal = { userId: 'alice', role: 'user', plan: 'free', scopes: ['chat'] };
const LOCAL: Principal = { ...ALICE, userId: 'local' };
const BOB: Principal = { ...ALICE, userId: 'bob' };
const HELLO: KeyedRequest = { message: 'hello', onBusy: 'reject', onDisconnect: 'continue' };

let lomu: TestApp;
let admission: KeyedAdmission;
let runs: ClientRuns;
let keysMade = 0;

beforeAll(async () => {
  lomu = await startQuietApp({ environment: { LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '100' } });
  admission = lomu.app.get(KeyedAdmission);
  runs = lomu.app.get(ClientRuns);
});
afterAll(() => lomu.close());

const newKey = (): string => clientKey('ag-ui', `thread ${++keysMade}`);

/** Until nothing of the conversation goes on. */
async function settled(userId: string, conversation: string): Promise<void> {
  for (let look = 0; look < 2_000; look++) {
    if ((await runs.active(userId, conversation)).length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('The runs did not end.');
}

describe('a conversation named by its client', () => {
  it('begins with the first run and goes on with the next', async () => {
    const conversation = newKey();
    expect(await runs.conversationOf('alice', conversation)).toBeUndefined();
    const first = await admission.start(ALICE, HELLO, { conversation });
    await settled('alice', conversation);
    const second = await admission.start(ALICE, { ...HELLO, message: 'hello again' }, { conversation });
    expect(second.conversationId).toBe(first.conversationId);
    expect(await runs.conversationOf('alice', conversation)).toBe(first.conversationId);
    await settled('alice', conversation);
    expect((await lomu.database.prisma.message.findMany({ where: { conversationId: first.conversationId }, orderBy: { id: 'asc' } })).map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  });

  it('is another one for another user, and for another protocol', async () => {
    const conversation = newKey();
    const mine = await admission.start(ALICE, HELLO, { conversation });
    const theirs = await admission.start(BOB, HELLO, { conversation });
    const elsewhere = await admission.start(ALICE, HELLO, { conversation: conversation.replace('ag-ui', 'ai-sdk') });
    expect(new Set([mine, theirs, elsewhere].map((run) => run.conversationId)).size).toBe(3);
    expect(await runs.conversationOf('bob', conversation)).toBe(theirs.conversationId);
    await settled('alice', conversation);
    await settled('bob', conversation);
  });

  it('is one, however many first messages come at once', async () => {
    const conversation = newKey();
    const started = await Promise.all(Array.from({ length: 6 }, (_, index) => admission.start(ALICE, { ...HELLO, message: `hello ${index}`, onBusy: 'enqueue' }, { conversation })));
    expect(new Set(started.map((run) => run.conversationId)).size).toBe(1);
    expect(new Set(started.map((run) => run.runId)).size).toBe(6);
    await settled('alice', conversation);
    expect(await lomu.database.prisma.message.count({ where: { conversationId: started[0]?.conversationId, role: 'user' } })).toBe(6);
  });

  it('takes one of several first messages when none of them may wait, and says so to the others', async () => {
    const conversation = newKey();
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => admission.start(ALICE, HELLO, { conversation })));
    const refusals = outcomes.filter((outcome) => outcome.status === 'rejected').map((outcome) => (outcome.reason as { code?: string }).code);
    await settled('alice', conversation);
    expect(new Set(refusals)).toEqual(new Set(refusals.length > 0 ? ['conversation_busy'] : []));
    expect(await lomu.database.prisma.conversation.count({ where: { userId: 'alice', clientKey: conversation } })).toBe(1);
  });

  it('does not begin with a message that is refused', async () => {
    const conversation = newKey();
    await expect(admission.start(ALICE, { ...HELLO, model: 'nobody/nothing' }, { conversation })).rejects.toMatchObject({ code: 'unknown_model' });
    expect(await runs.conversationOf('alice', conversation)).toBeUndefined();
  });

  it('can begin anew under its name when it was deleted', async () => {
    const conversation = newKey();
    const { conversationId } = await admission.start(BOB, HELLO, { conversation });
    await settled('bob', conversation);
    await lomu.database.prisma.conversation.delete({ where: { id: conversationId } });
    expect((await admission.start(BOB, HELLO, { conversation })).conversationId).not.toBe(conversationId);
    await settled('bob', conversation);
  });
});

describe('a run named by its client', () => {
  it('is started once: the same name again is the same run, while it goes on and after', async () => {
    const keys = { conversation: newKey(), run: 'run 1' };
    const first = await admission.start(LOCAL, HELLO, keys);
    const again = await admission.start(LOCAL, { ...HELLO, message: 'anything' }, keys);
    await settled('local', keys.conversation);
    const after = await admission.start(LOCAL, HELLO, keys);
    for (const answer of [again, after]) expect({ ...answer, eventsUrl: '' }).toEqual({ ...first, eventsUrl: '' });
    expect(await lomu.database.prisma.run.count({ where: { conversationId: first.conversationId } })).toBe(1);
    expect((await lomu.client.get(after.eventsUrl)).status).toBe(200);
  });

  it('is started once, however many ask at once, in a new conversation or in a known one', async () => {
    const conversation = newKey();
    for (const run of ['run 1', 'run 2']) {
      const started = await Promise.all(Array.from({ length: 6 }, () => admission.start(ALICE, HELLO, { conversation, run })));
      expect(new Set(started.map((answer) => answer.runId)).size).toBe(1);
      await settled('alice', conversation);
    }
    expect(await lomu.database.prisma.run.count({ where: { conversation: { clientKey: conversation } } })).toBe(2);
  });

  it('is another one in another conversation', async () => {
    const [one, other] = [newKey(), newKey()];
    const first = await admission.start(ALICE, HELLO, { conversation: one, run: 'run 1' });
    const second = await admission.start(ALICE, HELLO, { conversation: other, run: 'run 1' });
    expect(second.runId).not.toBe(first.runId);
    await settled('alice', one);
    await settled('alice', other);
  });

  it('is found with its message by its name, by its answer, and among those that go on', async () => {
    const conversation = newKey();
    const first = await admission.start(ALICE, HELLO, { conversation });
    const second = await admission.start(ALICE, { ...HELLO, message: 'and then?', onBusy: 'enqueue' }, { conversation, run: 'second' });
    const found = { runId: second.runId, conversationId: first.conversationId, assistantMessageId: second.messageId };
    expect((await runs.active('alice', conversation)).at(-1)).toMatchObject(found);
    expect(await runs.named('alice', { conversation, run: 'second' })).toMatchObject({ ...found, message: 'and then?' });
    expect(await runs.ofMessage('alice', conversation, second.messageId)).toMatchObject(found);
    expect(await runs.named('bob', { conversation, run: 'second' })).toBeUndefined();
    expect(await runs.ofMessage('bob', conversation, second.messageId)).toBeUndefined();
    expect(await runs.ofMessage('alice', conversation, 'not an id')).toBeUndefined();
    await settled('alice', conversation);
  });
});

describe('ids of clients', () => {
  const isTaken = (id: unknown): boolean => clientIdSchema.safeParse(id).success;

  it('are any printable text of up to 200 characters', () => {
    for (const id of ['a', 'chat/1?x=ü', '😀', 'x'.repeat(200)]) expect({ id, isTaken: isTaken(id) }).toEqual({ id, isTaken: true });
    for (const id of ['', 'a\0b', 'a\nb', '\ud83d', 'x'.repeat(201), 7, undefined]) expect({ id, isTaken: isTaken(id) }).toEqual({ id, isTaken: false });
  });
});
