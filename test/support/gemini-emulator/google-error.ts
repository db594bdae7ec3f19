/** An error as Google's API front end answers it: `{"error":{code,message,status,details}}`. */
export class GoogleError extends Error {
  constructor(
    readonly httpStatus: number,
    readonly status: string,
    message: string,
    readonly details: readonly unknown[] = [],
  ) {
    super(message);
  }

  get body(): string {
    const error = { code: this.httpStatus, message: this.message, status: this.status, ...(this.details.length > 0 && { details: this.details }) };
    return JSON.stringify({ error }, null, 2);
  }
}

export function invalidArgument(message: string): GoogleError {
  return new GoogleError(400, 'INVALID_ARGUMENT', message);
}

export interface RateLimit {
  /** What RetryInfo asks for; absent means no RetryInfo. */
  readonly retryDelayMs?: number;
  /** E.g. `GenerateRequestsPerDayPerProjectPerModel-FreeTier`; absent means no QuotaFailure. */
  readonly quotaId?: string;
}

export function resourceExhausted({ retryDelayMs, quotaId }: RateLimit): GoogleError {
  const details: unknown[] = [];
  if (quotaId !== undefined) {
    details.push({
      '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
      violations: [{ quotaMetric: 'generativelanguage.googleapis.com/generate_content_requests', quotaId, quotaValue: '10' }],
    });
  }
  if (retryDelayMs !== undefined) {
    details.push({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryDelayMs / 1000}s` });
  }
  return new GoogleError(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan and billing details.', details);
}
