import type { TokenUsage } from '../../../src/common/index.js';
import type { GenerateOptions, LanguageModel, ModelDelta, ModelRequest, ModelResponse } from '../../../src/models/index.js';

export interface Generated {
  readonly response?: ModelResponse;
  readonly error?: unknown;
  readonly deltas: readonly ModelDelta[];
  readonly usages: readonly TokenUsage[];
}

/** One call with everything it reported, whether it ended well or not. */
export async function generate(model: LanguageModel, request: ModelRequest, options: Partial<GenerateOptions> = {}): Promise<Generated> {
  const deltas: ModelDelta[] = [];
  const usages: TokenUsage[] = [];
  const call = model.generate(request, {
    signal: new AbortController().signal,
    firstByteTimeoutMs: 5_000,
    idleTimeoutMs: 5_000,
    maxResponseBytes: 16 * 1024 * 1024,
    ...options,
    onDelta: (delta) => {
      deltas.push(delta);
      options.onDelta?.(delta);
    },
    onUsage: (usage) => usages.push(usage),
  });
  const outcome = await call.then(
    (response) => ({ response }),
    (error: unknown) => ({ error }),
  );
  return { ...outcome, deltas, usages };
}

export function textOf(deltas: readonly ModelDelta[], type: ModelDelta['type'] = 'text'): string {
  return deltas.filter((delta) => delta.type === type).map((delta) => delta.text).join('');
}

/** A request with one user message; everything else can be given. */
export function requestOf(text: string, rest: Partial<ModelRequest> = {}): ModelRequest {
  return { system: 'You are a test.', contents: [{ role: 'user', text }], tools: [], toolMode: 'auto', maxOutputTokens: 8_192, ...rest };
}
