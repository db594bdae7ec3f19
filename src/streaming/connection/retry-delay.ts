const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 2_500;

/** When a client whose connection is ended should come back. Scattered, so that those of one instance do not come back at once. */
export function retryDelayMs(): number {
  return Math.round(MIN_RETRY_MS + Math.random() * (MAX_RETRY_MS - MIN_RETRY_MS));
}
