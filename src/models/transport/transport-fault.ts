const MAX_CAUSE_DEPTH = 5;

export type TransportFaultKind = 'http' | 'network' | 'stream_malformed' | 'first_byte_timeout' | 'idle_timeout' | 'response_too_large';

export interface TransportFaultDetails {
  readonly status?: number;
  /** The beginning of what the server said instead of a stream. */
  readonly body?: string;
  readonly retryAfterMs?: number;
  readonly systemCode?: string;
  readonly cause?: unknown;
}

/** What went wrong between us and a provider, before anybody looked at what the provider means by it. */
export class TransportFault extends Error {
  readonly status?: number;
  readonly body?: string;
  readonly retryAfterMs?: number;
  readonly systemCode?: string;

  constructor(
    readonly kind: TransportFaultKind,
    message: string,
    details: TransportFaultDetails = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'TransportFault';
    this.status = details.status;
    this.body = details.body;
    this.retryAfterMs = details.retryAfterMs;
    this.systemCode = details.systemCode;
  }
}

/** The errno name of an error, e.g. ECONNRESET, looked for in its causes as well. */
export function systemCodeOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSE_DEPTH && typeof current === 'object' && current !== null; depth++) {
    if ('code' in current && typeof current.code === 'string') return current.code;
    current = 'cause' in current ? current.cause : undefined;
  }
  return undefined;
}
