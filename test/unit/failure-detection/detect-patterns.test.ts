import { FAILURE_PATTERNS, type FailurePatternKey, FailureDetectionService, type FailureSignal } from '../../../src/failure-detection/index.js';

const service = new FailureDetectionService(() => 0.5);
const patternOf = (signal: FailureSignal): string | undefined => service.detectFailurePatterns(signal)[0]?.pattern;
const textOnly = (errorText: string): FailureSignal => ({ source: 'tool', kind: 'text', errorText });

/** Every pattern by facts alone. */
const TYPED: readonly (readonly [FailurePatternKey, FailureSignal])[] = [
  ['iteration_timeout', { source: 'run', kind: 'iteration_timeout' }],
  ['stream_timeout', { source: 'model', kind: 'first_byte_timeout' }],
  ['stream_timeout', { source: 'model', kind: 'idle_timeout' }],
  ['stream_timeout', { source: 'model', kind: 'http', status: 408, reason: 'DEADLINE_EXCEEDED' }],
  ['stream_timeout', { source: 'model', kind: 'network', systemCode: 'ETIMEDOUT' }],
  ['tool_failed', { source: 'tool', kind: 'no_match', toolName: 'edit_file' }],
  ['tool_failed', { source: 'tool', kind: 'a code nobody has heard of' }],
  ['tool_timeout', { source: 'tool', kind: 'timeout', toolName: 'run_command' }],
  ['token_limit', { source: 'model', kind: 'http', status: 400, reason: 'INPUT_TOO_LONG' }],
  ['token_limit', { source: 'model', kind: 'http', status: 413 }],
  ['token_limit', { source: 'model', kind: 'http', status: 400, reason: 'context_length_exceeded' }],
  ['token_limit', { source: 'model', kind: 'input_too_long' }],
  ['max_tokens', { source: 'model', kind: 'max_tokens', finishReason: 'MAX_TOKENS' }],
  ['max_tokens', { source: 'model', kind: 'response_too_large' }],
  ['rate_limit', { source: 'model', kind: 'http', status: 429, reason: 'RESOURCE_EXHAUSTED', quotaId: 'GenerateRequestsPerMinutePerProjectPerModel' }],
  ['daily_quota', { source: 'model', kind: 'http', status: 429, reason: 'RESOURCE_EXHAUSTED', quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }],
  ['overloaded', { source: 'model', kind: 'http', status: 503, reason: 'UNAVAILABLE' }],
  ['overloaded', { source: 'model', kind: 'http', status: 529 }],
  ['typescript_errors', { source: 'tool', kind: 'type_errors', toolName: 'check_types' }],
  ['typescript_errors', { source: 'tool', kind: 'command_failed', toolName: 'check_types', exitCode: 2 }],
  ['lsp_diagnostics', { source: 'tool', kind: 'lsp_diagnostics' }],
  ['malformed_response', { source: 'model', kind: 'stream_malformed' }],
  ['malformed_response', { source: 'model', kind: 'malformed_json' }],
  ['malformed_function_call', { source: 'model', kind: 'malformed_tool_call', finishReason: 'MALFORMED_FUNCTION_CALL' }],
  ['malformed_function_call', { source: 'model', kind: 'other', finishReason: 'UNEXPECTED_TOOL_CALL' }],
  ['stream_data_loss', { source: 'model', kind: 'stream_truncated' }],
  ['stream_data_loss', { source: 'model', kind: 'network', systemCode: 'ECONNRESET' }],
  ['empty_answer', { source: 'model', kind: 'empty_answer', finishReason: 'STOP' }],
  ['empty_answer', { source: 'model', kind: 'thought_only', finishReason: 'STOP' }],
  ['safety_stop', { source: 'model', kind: 'safety', finishReason: 'PROHIBITED_CONTENT' }],
  ['safety_stop', { source: 'model', kind: 'blocked' }],
  ['missing_signature', { source: 'model', kind: 'http', status: 400, reason: 'INVALID_THOUGHT_SIGNATURE' }],
  ['authentication', { source: 'model', kind: 'http', status: 403, reason: 'PERMISSION_DENIED' }],
  ['authentication', { source: 'model', kind: 'http', status: 400, reason: 'API_KEY_INVALID' }],
  ['model_set_aside', { source: 'model', kind: 'circuit_open', retryDelayMs: 20_000 }],
  ['connection_failed', { source: 'model', kind: 'network', systemCode: 'ECONNREFUSED' }],
  ['connection_failed', { source: 'model', kind: 'network' }],
  ['request_refused', { source: 'model', kind: 'http', status: 404, reason: 'NOT_FOUND' }],
  ['model_failed', { source: 'model', kind: 'something new' }],
  ['database', { source: 'database', kind: 'unreachable', systemCode: 'ECONNREFUSED' }],
  ['database', { source: 'database', kind: 'P1001' }],
  ['out_of_memory', { source: 'tool', kind: 'command_failed', exitCode: 137 }],
  ['out_of_memory', { source: 'run', kind: 'internal', systemCode: 'ENOMEM' }],
  ['disk_full', { source: 'tool', kind: 'no_space' }],
  ['disk_full', { source: 'run', kind: 'internal', systemCode: 'ENOSPC' }],
  ['infinite_loop', { source: 'run', kind: 'infinite_loop' }],
  ['decision_loop', { source: 'run', kind: 'decision_loop' }],
  ['analysis_paralysis', { source: 'run', kind: 'analysis_paralysis' }],
  ['edit_oscillation', { source: 'run', kind: 'edit_oscillation' }],
  ['chanting', { source: 'run', kind: 'chanting' }],
  ['instance_crash', { source: 'run', kind: 'instance_crash' }],
];

describe('detectFailurePatterns', () => {
  it.each(TYPED)('names %s by facts', (pattern, signal) => {
    expect(patternOf(signal)).toBe(pattern);
  });

  it('knows every pattern of the table by some fact', () => {
    expect([...new Set(TYPED.map(([pattern]) => pattern))].sort()).toEqual(Object.keys(FAILURE_PATTERNS).sort());
  });

  it('tells a person what happened, what is done and what they can do', () => {
    const [failure] = service.detectFailurePatterns({ source: 'model', kind: 'http', status: 503, retryDelayMs: 2_000 });
    expect(failure).toEqual({
      pattern: 'overloaded',
      category: 'capacity',
      severity: 'medium',
      message: 'The model provider is overloaded or has a fault.',
      remedy: 'The call is repeated with growing pauses, then with the fallback model.',
      advice: 'Try again later, or use another model.',
      signal: { source: 'model', kind: 'http', status: 503, retryDelayMs: 2_000 },
    });
  });

  it.each([
    'the room is ready',
    'Wrote 502 lines',
    'Fetched item 4291 ok',
    'The tests timed out yesterday but pass now',
    'See the section on rate limits and too many requests',
    'added error handling for TypeScript errors',
    'out of memory of the old days',
    'no space left on the page',
    'connection refused is handled in retry.ts',
    'ran 503 tests in 4.29 s',
    'line 429 Too Many Requests is a constant',
    'econnrefused',
    'MYECONNREFUSEDCODE',
    'token limit exceeded 0 times',
    'JSON is valid',
    'heap size: 512',
  ])('reads nothing into "%s"', (sentence) => {
    expect(service.detectFailurePatterns(textOnly(sentence))).toEqual([]);
    expect(patternOf({ source: 'tool', kind: 'internal', errorText: sentence })).toBe('tool_failed');
  });

  it.each([
    ['connect ECONNREFUSED 127.0.0.1:5432', 'connection_failed'],
    ['Error: getaddrinfo ENOTFOUND registry.example.com', 'connection_failed'],
    ['ENOSPC: no space left on device, write', 'disk_full'],
    ["cp: error writing 'a.bin': No space left on device", 'disk_full'],
    ['<--- Last few GCs --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 'out_of_memory'],
    ['bash: fork: Cannot allocate memory', 'out_of_memory'],
    ['Traceback (most recent call last):\n  File "a.py", line 1\nMemoryError', 'out_of_memory'],
    ["src/a.ts(12,5): error TS2322: Type 'string' is not assignable to type 'number'.", 'typescript_errors'],
    ["src/a.ts:12:5 - error TS2304: Cannot find name 'x'.", 'typescript_errors'],
    ['SyntaxError: Unexpected token < in JSON at position 0', 'malformed_response'],
    ['AxiosError: Request failed with status code 429', 'rate_limit'],
    ['429 Too Many Requests', 'rate_limit'],
  ])('as a last resort reads "%s"', (errorText, pattern) => {
    expect(patternOf(textOnly(errorText))).toBe(pattern);
  });

  it('does not look at the text where a fact decides', () => {
    expect(patternOf({ source: 'model', kind: 'http', status: 503, errorText: 'ENOSPC' })).toBe('overloaded');
    expect(patternOf({ source: 'tool', kind: 'no_match', errorText: 'ECONNREFUSED is not in the file' })).toBe('tool_failed');
    expect(patternOf({ source: 'tool', kind: 'timeout', errorText: 'src/a.ts(1,1): error TS1005: x' })).toBe('tool_timeout');
  });

  it('lets the text of a refused request only tell the reason', () => {
    expect(patternOf({ source: 'model', kind: 'http', status: 400, errorText: "This model's maximum context length is 8192 tokens. However, you requested 9000." })).toBe('token_limit');
    expect(patternOf({ source: 'model', kind: 'http', status: 400, errorText: 'ENOSPC' })).toBe('request_refused');
  });
});

describe('classifyFailureSeverity', () => {
  it('answers the worst, and low for nothing', () => {
    const low = service.detectFailurePatterns({ source: 'tool', kind: 'no_match' });
    const critical = service.detectFailurePatterns({ source: 'database', kind: 'unreachable' });
    expect(service.classifyFailureSeverity([])).toBe('low');
    expect(service.classifyFailureSeverity(low)).toBe('low');
    expect(service.classifyFailureSeverity([...low, ...critical, ...low])).toBe('critical');
  });
});
