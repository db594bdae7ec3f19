import { SystemClock } from '../../../src/common/index.js';
import { GeminiModelProvider } from '../../../src/models/gemini/gemini.model-provider.js';
import type { LanguageModel } from '../../../src/models/index.js';

export interface GeminiUnderTest {
  model(name?: string): LanguageModel;
  close(): void;
}

/** The Gemini adapter against any endpoint. */
export function geminiAt(baseUrl: string, apiKey = 'emulator-key'): GeminiUnderTest {
  const provider = new GeminiModelProvider({ models: { defaultModel: '', gemini: { apiKey, baseUrl, model: 'gemini-3.6-flash' } } }, new SystemClock());
  return {
    model: (name = 'gemini-3.6-flash') => {
      const model = provider.find(name);
      if (!model) throw new Error(`${name} is no usable model name.`);
      return model;
    },
    close: () => provider.onApplicationShutdown(),
  };
}
