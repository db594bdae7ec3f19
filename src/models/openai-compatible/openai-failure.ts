import type { TokenUsage } from '../../common/index.js';
import { isRecord, type JsonRecord, tryParseJson } from '../json.js';
import { ModelError, type ModelErrorDetails, type ModelErrorKind } from '../model-error.js';
import type { TransportFault } from '../transport/transport-fault.js';

/** A server's message is quoted this far: enough to act on, too little to carry a conversation into a log. */
const MAX_QUOTED_CHARACTERS = 300;

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
  return failure(progress, 'stream_malformed', 'The answer is not in the format of the chat completions API.');
}

/** What the transport reports, in the port's words. */
export function fromTransportFault(fault: TransportFault, progress: CallProgress): ModelError {
  const document = fault.body === undefined ? undefined : tryParseJson(fault.body);
  if (isRecord(document) && document.error !== undefined) return fromErrorDocument(document.error, progress, fault);
  if (fault.kind === 'http') return failure(progress, 'http', fault.message, { status: fault.status, retryDelayMs: fault.retryAfterMs });
  return failure(progress, fault.kind, fault.message, { status: fault.status, systemCode: fault.systemCode, cause: fault.cause });
}

/** `{"error":{message,type,code}}`; some servers say only a sentence, some put the status into `code`. */
export function fromErrorDocument(error: unknown, progress: CallProgress, fault?: Pick<TransportFault, 'status' | 'retryAfterMs'>): ModelError {
  const facts: JsonRecord = isRecord(error) ? error : { message: error };
  const message = typeof facts.message === 'string' ? facts.message.slice(0, MAX_QUOTED_CHARACTERS) : 'no message';
  const status = fault?.status !== undefined && fault.status !== 200 ? fault.status : typeof facts.code === 'number' ? facts.code : 500;
  return failure(progress, 'http', message, { status, reason: reasonOf(facts, message), retryDelayMs: fault?.retryAfterMs });
}

function reasonOf({ code, type }: JsonRecord, message: string): string | undefined {
  if (/maximum context length|context (?:window|size|length)|exceeds the available context/i.test(message)) return 'context_length_exceeded';
  return [code, type].find((word): word is string => typeof word === 'string' && word !== '');
}
