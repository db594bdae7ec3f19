import type { GenerateOptions } from '../language-model.port.js';
import { callForEvents } from '../transport/event-stream-call.js';
import { TransportFault } from '../transport/transport-fault.js';
import type { GeminiAnswer } from './gemini-answer.js';
import type { GeminiConnection } from './gemini-connection.js';
import { failure, fromTransportFault, malformed } from './gemini-failure.js';
import type { GeminiRequest } from './gemini-wire.js';
import { tryParseJson } from '../json.js';

/**
 * Streams an answer with a reader of our own. The SDK's costs many times as much per chunk, delivers
 * errors as chunks, takes a cut for an end and keeps the connection open after an abort.
 */
export async function streamAnswer(connection: GeminiConnection, name: string, body: GeminiRequest, answer: GeminiAnswer, options: GenerateOptions): Promise<void> {
  const { signal, firstByteTimeoutMs, idleTimeoutMs, maxResponseBytes } = options;
  try {
    await callForEvents(connection.pool, connection.clock, {
      url: connection.streamUrl(name),
      headers: connection.headers,
      body: JSON.stringify(body),
      signal,
      firstByteTimeoutMs,
      idleTimeoutMs,
      maxResponseBytes,
      onEvent: (data, isUnterminated) => {
        const response = tryParseJson(data);
        if (response === undefined) throw isUnterminated ? failure(answer, 'stream_truncated', 'The answer was cut off.') : malformed(answer);
        answer.accept(response);
      },
    });
  } catch (error) {
    if (!(error instanceof TransportFault)) throw error;
    // The finish reason comes last: whatever happened to the connection afterwards took nothing away.
    if (!answer.isFinished) throw fromTransportFault(error, answer);
  }
}
