import { isRecord, type JsonRecord, tryParseJson } from '../json.js';

/** A provider's message is quoted this far: enough to act on, too little to carry a conversation into a log. */
const MAX_QUOTED_CHARACTERS = 300;

/** The facts of a Google API error. */
export interface GoogleErrorFacts {
  readonly status: number;
  readonly reason?: string;
  readonly message: string;
  readonly retryDelayMs?: number;
  readonly quotaId?: string;
}

/** What an error document says, when it is one: `{"error":…}`, or the same in an array. */
export function parseGoogleError(body: string): GoogleErrorFacts | undefined {
  const parsed = tryParseJson(body);
  const document: unknown = Array.isArray(parsed) ? parsed[0] : parsed;
  return isRecord(document) && isRecord(document.error) ? readGoogleError(document.error) : undefined;
}

export function readGoogleError(error: JsonRecord): GoogleErrorFacts {
  const status = typeof error.code === 'number' ? error.code : 500;
  const message = typeof error.message === 'string' ? error.message : 'no message';
  const reason = typeof error.status === 'string' ? error.status : undefined;
  return describeGoogleError(status, message, reason, error.details);
}

/** @param details the `google.rpc` messages that came with it */
export function describeGoogleError(status: number, message: string, reason: string | undefined, details: unknown): GoogleErrorFacts {
  const messages = Array.isArray(details) ? details.filter(isRecord) : [];
  const detail = (type: string): JsonRecord | undefined => messages.find((entry) => entry['@type'] === `type.googleapis.com/google.rpc.${type}`);
  return {
    status,
    message: message.slice(0, MAX_QUOTED_CHARACTERS),
    reason: reasonOf(status, message, reason, detail('ErrorInfo')),
    retryDelayMs: durationMs(detail('RetryInfo')?.retryDelay),
    quotaId: quotaIdOf(detail('QuotaFailure')?.violations),
  };
}

/** Google answers 400 INVALID_ARGUMENT to things that need quite different answers from us. */
function reasonOf(status: number, message: string, reason: string | undefined, errorInfo: JsonRecord | undefined): string | undefined {
  const general = reason ?? GENERAL_REASONS[status];
  if (status !== 400) return general;
  if (typeof errorInfo?.reason === 'string') return errorInfo.reason;
  if (/token count.*exceeds the maximum/is.test(message)) return 'INPUT_TOO_LONG';
  if (/thought[_ ]signature/i.test(message)) return 'INVALID_THOUGHT_SIGNATURE';
  return general;
}

/** By status, for answers that say no more, e.g. a proxy's page or an error the SDK has reduced to its status. */
const GENERAL_REASONS: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  408: 'DEADLINE_EXCEEDED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** A protobuf duration in JSON, e.g. `34.5s`. */
function durationMs(duration: unknown): number | undefined {
  const seconds = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)s$/.exec(duration)?.[1] : undefined;
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1000);
}

/** Of several exhausted quotas the daily one matters: waiting a minute does not help against it. */
function quotaIdOf(violations: unknown): string | undefined {
  const ids = Array.isArray(violations) ? violations.filter(isRecord).flatMap(({ quotaId }) => (typeof quotaId === 'string' ? [quotaId] : [])) : [];
  return ids.find((id) => id.includes('PerDay')) ?? ids[0];
}
