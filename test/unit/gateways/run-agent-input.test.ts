import { messageToAnswer, runAgentInputSchema } from '../../../src/gateways/ag-ui/run-agent-input.schema.js';
import { LOMU_RUN_ID } from '../../support/streaming/ag-ui-run.js';

const user = (content: unknown): object => ({ id: 'u', role: 'user', content });
const inputOf = (fields: object): object => ({ threadId: 't', runId: 'r', messages: [user('Go on.')], ...fields });
const asked = (...messages: object[]): string => messageToAnswer(runAgentInputSchema.parse(inputOf({ messages })));
const answer = (interruptId: string, fields: object = { status: 'resolved', payload: { approved: true } }): object => ({ interruptId, ...fields });

describe('input of an AG-UI run', () => {
  it('asks with its last message, whatever the earlier ones hold', () => {
    const image = { type: 'image', source: { type: 'url', value: 'http://lomu.invalid' } };
    expect(asked(user([image]), { id: 'a', role: 'assistant', toolCalls: [] }, user([{ type: 'text', text: 'Hello ' }, { type: 'text', text: 'there' }]))).toBe('Hello there');
  });

  it.each<[string, object[], RegExp]>([
    ['nothing', [], /role user/],
    ['a result of a tool of its own', [user('a'), { id: 't', role: 'tool', toolCallId: 'c', content: 'b' }], /role user/],
    ['an image', [user([{ type: 'image' }])], /only text/],
    ['blanks', [user(' ')], /not be empty/],
  ])('is refused when it asks with %s', (_what, messages, reason) => expect(() => asked(...messages)).toThrow(reason));

  it.each<[string, object, string]>([
    ['no threadId', { threadId: undefined }, 'threadId'],
    ['a runId of control characters', { runId: 'a\nb' }, 'runId'],
    ['an interrupt that is none of ours', { resume: [answer('theirs')] }, 'resume.0.interruptId'],
    ['an answer without a yes or no', { resume: [answer(`${LOMU_RUN_ID}:c`, { status: 'resolved' })] }, 'resume.0.payload'],
    ['answers to two runs', { resume: [answer(`${LOMU_RUN_ID}:c`), answer(`${LOMU_RUN_ID.replace('a', 'b')}:c`)] }, 'resume'],
    ['an unknown option of ours', { forwardedProps: { lomu: { color: 'blue' } } }, 'forwardedProps.lomu'],
  ])('is refused with the field: %s', (_what, fields, field) => {
    expect(runAgentInputSchema.safeParse(inputOf(fields)).error?.issues[0]?.path.join('.')).toBe(field);
  });

  it('may hold what a client sends to all servers', () => {
    const sent = { protocolVersion: '1.0', state: 1, context: [], tools: [{ name: 'f' }], forwardedProps: { theirs: true }, resume: [answer(`${LOMU_RUN_ID}:c`, { status: 'cancelled' })] };
    expect(runAgentInputSchema.safeParse(inputOf(sent)).success).toBe(true);
  });
});
