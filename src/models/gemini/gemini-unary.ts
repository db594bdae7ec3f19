import type { CountOptions, GenerateOptions } from '../language-model.port.js';
import type { GeminiAnswer } from './gemini-answer.js';
import type { GeminiConnection } from './gemini-connection.js';
import { type CallProgress, failure, fromSdkError, malformed } from './gemini-failure.js';
import type { GeminiRequest } from './gemini-wire.js';

/**
 * Fetches an answer in one piece through the SDK. Nothing comes before everything does, so the two
 * watchdogs add up to one.
 */
export async function fetchAnswer(connection: GeminiConnection, name: string, body: GeminiRequest, answer: GeminiAnswer, options: GenerateOptions): Promise<void> {
  const timeoutMs = options.firstByteTimeoutMs + options.idleTimeoutMs;
  const { response } = await callSdk(connection, answer, options.signal, timeoutMs, (signal) =>
    // The SDK sends an empty list of safety settings unless told that there is none.
    connection.sdkModel(name).generateContent({ ...body, safetySettings: undefined }, { signal }),
  );
  // The SDK has read the body whole; the bound still holds for everything that follows.
  if (JSON.stringify(response).length > options.maxResponseBytes) {
    throw failure(answer, 'response_too_large', `The answer is larger than ${options.maxResponseBytes} bytes.`);
  }
  answer.accept(response);
}

export async function countTokens(connection: GeminiConnection, name: string, body: GeminiRequest, progress: CallProgress, options: CountOptions): Promise<number> {
  const { contents, systemInstruction, tools } = body;
  const { totalTokens } = await callSdk(connection, progress, options.signal, options.timeoutMs, (signal) =>
    connection.sdkModel(name).countTokens({ generateContentRequest: { contents, systemInstruction, tools } }, { signal }),
  );
  if (typeof totalTokens !== 'number') throw malformed(progress);
  return totalTokens;
}

/** Gives each call a signal of its own: the SDK never takes its listeners off the one it gets. */
async function callSdk<Result>(
  connection: GeminiConnection,
  progress: CallProgress,
  signal: AbortSignal,
  timeoutMs: number,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort();
  let isTimedOut = false;
  const cancelTimer = connection.clock.schedule(() => {
    isTimedOut = true;
    controller.abort();
  }, timeoutMs);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await call(controller.signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isTimedOut) throw failure(progress, 'first_byte_timeout', `Nothing came for ${timeoutMs} ms.`);
    throw fromSdkError(error, progress);
  } finally {
    cancelTimer();
    signal.removeEventListener('abort', onAbort);
  }
}
