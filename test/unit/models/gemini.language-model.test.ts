import type { ModelRequest } from '../../../src/models/index.js';
import { describeRemoteLanguageModel, type RemoteLanguageModelUnderTest } from '../../conformance/language-model.conformance.js';
import { startGeminiEmulator, turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import { READ_FILE } from '../../support/models/declarations.js';
import { geminiAt } from '../../support/models/gemini-under-test.js';
import { requestOf } from '../../support/models/generate.js';

const WORDS = Array.from({ length: 40 }, (_, index) => `word ${index} `);

async function createUnderTest(stream: boolean): Promise<RemoteLanguageModelUnderTest> {
  const emulator = await startGeminiEmulator();
  const gemini = geminiAt(emulator.baseUrl);
  const prepare = (answer: TurnBuilder, request: Partial<ModelRequest> = {}): ModelRequest => {
    emulator.script([answer]);
    return requestOf('Please.', { tools: [READ_FILE], ...request });
  };
  return {
    model: gemini.model(),
    stream,
    requests: {
      text: () => prepare(turn().thought('Let me think.').text('One ', 'and ', 'two.')),
      call: () => prepare(turn().call('read_file', { path: 'a.ts' })),
      parallelCalls: () => prepare(turn().call('read_file', { path: 'a.ts' }).call('read_file', { path: 'b.ts' })),
      tooLong: () => prepare(turn().text('Too mu').finish('MAX_TOKENS'), { maxOutputTokens: 2 }),
      callsForbidden: () => {
        emulator.respondWith((call) => (call.body.toolConfig?.functionCallingConfig?.mode === 'NONE' ? turn().text('I may not.') : turn().call('read_file', { path: 'a.ts' })));
        return requestOf('Please.', { tools: [READ_FILE], toolMode: 'none' });
      },
      slowText: () => prepare(turn().text(...WORDS).pace(5)),
    },
    provider: {
      silence: () => prepare(turn().stall()),
      isCalled: () => emulator.requests.length > 0,
      sawClientClose: async () => (await emulator.lastRequest.ended) === 'client_closed',
    },
    close: async () => {
      gemini.close();
      await emulator.close();
    },
  };
}

describeRemoteLanguageModel('gemini, streamed', () => createUnderTest(true));
describeRemoteLanguageModel('gemini, in one piece', () => createUnderTest(false));
