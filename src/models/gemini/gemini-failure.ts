import { GoogleGenerativeAIFetchError } from '@google/generative-ai';
import type { TokenUsage } from '../../common/index.js';
import { ModelError, type ModelErrorDetails, type ModelErrorKind } from '../model-error.js';
import { systemCodeOf, type TransportFault } from '../transport/transport-fault.js';
import { describeGoogleError, type GoogleErrorFacts, parseGoogleError } from './google-error.js';

/** How far a call had come when it failed. */
export interface CallProgress {
  readonly modelId: string;
  readonly usage?: TokenUsage;
  readonly hadOutput: boolean;
}

export function failure(progress: CallProgress, kind: ModelErrorKind, message: string, details: Partial<ModelErrorDetails> = {}): ModelError {
  const { modelId, usage, hadOutput } = progress;
  return new ModelError(`${modelId}: ${message}`, { ...details, kind, model: modelId, usage, hadOutput });
}

export function malformed(progress: CallProgress): ModelError {
  return failure(progress, 'stream_malformed', 'The answer is not in the format of Gemini.');
}

/** What our own stream reader reports, in the port's words. */
export function fromTransportFault(fault: TransportFault, progress: CallProgress): ModelError {
  const facts = fault.body === undefined ? undefined : parseGoogleError(fault.body);
  if (facts) return httpError(facts, progress, fault.retryAfterMs);
  if (fault.kind === 'http') return httpError(describeGoogleError(fault.status ?? 0, fault.message, undefined, undefined), progress, fault.retryAfterMs);
  return failure(progress, fault.kind, fault.message, { status: fault.status, systemCode: fault.systemCode, cause: fault.cause });
}

/** What the SDK throws, in the port's words. Its own messages are kept out: they may quote the answer. */
export function fromSdkError(error: unknown, progress: CallProgress): ModelError {
  if (error instanceof GoogleGenerativeAIFetchError) {
    return httpError(describeGoogleError(error.status ?? 0, sdkMessage(error.message), undefined, error.errorDetails), progress);
  }
  if (isSyntaxError(error)) return malformed(progress);
  const systemCode = systemCodeOf(error);
  return failure(progress, 'network', `The connection failed${systemCode ? ` (${systemCode})` : ''}.`, { systemCode, cause: error });
}

/** By name: the error comes from the fetch of the runtime, whose SyntaxError need not be ours. */
function isSyntaxError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'SyntaxError';
}

function httpError(facts: GoogleErrorFacts, progress: CallProgress, retryAfterMs?: number): ModelError {
  return failure(progress, 'http', facts.message, { ...facts, retryDelayMs: facts.retryDelayMs ?? retryAfterMs });
}

/** The service's sentence out of the SDK's: `Error fetching from <url>: [<status>] <sentence> [<details>]`. */
function sdkMessage(message: string): string {
  return /\[\d{3}[^\]]*\] (?<sentence>.*?)(?: \[\{.*)?$/s.exec(message)?.groups?.sentence ?? 'no message';
}
