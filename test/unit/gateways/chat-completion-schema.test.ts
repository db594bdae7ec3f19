import { chatCompletionSchema } from '../../../src/gateways/openai-compatible/chat-completion.schema.js';
import { foldMessages } from '../../../src/gateways/openai-compatible/chat-message.js';

const user = (content: unknown): object => ({ role: 'user', content });
const parse = (body: object): ReturnType<typeof chatCompletionSchema.safeParse> => chatCompletionSchema.safeParse({ model: 'a/b', messages: [user('Go on.')], ...body });
const fold = (...messages: object[]): string => foldMessages(chatCompletionSchema.parse({ model: 'a/b', messages }).messages).message;

describe('messages of a chat completion', () => {
  it('are the message itself when there is one', () => {
    expect(fold(user([{ type: 'text', text: 'Hello ' }, { type: 'text', text: 'there' }]))).toBe('Hello there');
  });

  it('keep what tools of the client did as text, and leave out those that say nothing', () => {
    const call = { id: 'c', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } };
    const folded = fold(user('Weather?'), { role: 'assistant', content: null, tool_calls: [call] }, { role: 'tool', tool_call_id: 'c', content: 'Rain' }, { role: 'assistant', content: null }, user('And now?'));
    expect(folded).toBe('The conversation so far:\n\nuser: Weather?\n\nassistant: [called weather({"city":"Bern"})]\n\ntool: Rain\n\nThe message to answer:\n\nAnd now?');
  });

  it.each<[string, object, string, RegExp]>([
    ['an image', { messages: [user([{ type: 'image_url', image_url: { url: 'data:,' } }])] }, 'messages.0.content', /only text is understood/],
    ['a tool result as the last one', { messages: [user('a'), { role: 'tool', content: 'b' }] }, 'messages', /role user/],
    ['nothing as the last one', { messages: [user(null)] }, 'messages', /not be empty/],
    ['several answers', { n: 2 }, 'n', /only one answer/],
    ['JSON', { response_format: { type: 'json_object' } }, 'response_format.type', /only text/],
    ['a demanded tool', { tool_choice: 'required' }, 'tool_choice', /cannot be called/],
    ['speech', { modalities: ['text', 'audio'] }, 'modalities.1', /only text/],
    ['probabilities', { logprobs: true }, 'logprobs', /not available/],
  ])('are refused with the reason: %s', (_what, body, field, message) => {
    const issue = parse(body).error?.issues[0];
    expect(issue?.path.join('.')).toBe(field);
    expect(issue?.message).toMatch(message);
  });

  it('may come with what the server decides itself', () => {
    expect(parse({ temperature: 0.2, max_tokens: 5, stop: ['x'], tools: [{ type: 'function', function: { name: 'f' } }], tool_choice: 'auto', n: 1, logprobs: false, response_format: { type: 'text' } }).success).toBe(true);
  });
});
