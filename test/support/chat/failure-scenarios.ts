import type { FailurePatternKey } from '../../../src/failure-detection/index.js';
import { type RecordedCall, turn, type TurnBuilder } from '../gemini-emulator/index.js';

/** One way to bring a failure about, through a boundary that is really there. */
export interface FailureScenario {
  readonly pattern: FailurePatternKey;
  /** For the table: by what it is brought about. */
  readonly injectedBy: string;
  /** Answers of the model, in order; the architect and summaries are answered beside. */
  readonly answers: () => readonly TurnBuilder[];
  /** How the run ends. `explained`: in one clear error. */
  readonly outcome: 'recovered' | 'explained';
  /** Model calls that the run would have made without the failure. */
  readonly cleanCalls: number;
  /** What passes besides the pauses. */
  readonly waits?: string;
  readonly intent?: string;
  /** Limits of this run alone. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Where it cannot be brought about its row is left as it is. */
  readonly needs?: 'sandbox' | 'postgresql';
  /** Called when the model is asked. */
  readonly whenAsked?: (call: RecordedCall) => void;
}

/** Each answer is reported to have used the same, so that what a failure costs can be told exactly. */
export const USAGE = { prompt: 1_000, candidates: 100, thoughts: 0 };
const done = (): TurnBuilder => turn().text('Done.').usage(USAGE);
const begun = (): TurnBuilder => turn().text('Let me').usage(USAGE);
const call = (name: string, input: unknown): TurnBuilder => turn().call(name, input).usage(USAGE);
const times = (count: number, make: () => TurnBuilder): TurnBuilder[] => Array.from({ length: count }, make);
const diagnose = (): TurnBuilder => call('mcp_language_diagnostics', { path: 'a.ts' });
const read = (): TurnBuilder => call('read_file', { path: 'a.ts' });
const chant = (): TurnBuilder => turn().text(...times(60, done).map(() => 'I will now look at the file and then fix it. ')).usage(USAGE);

export const SCENARIOS: readonly FailureScenario[] = [
  { pattern: 'daily_quota', injectedBy: 'provider answers 429 with a quota per day', answers: () => [turn().rateLimited({ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' })], outcome: 'explained', cleanCalls: 0 },
  { pattern: 'rate_limit', injectedBy: 'provider answers 429 and asks for a longer wait than a run waits', answers: () => [turn().rateLimited({ retryDelayMs: 61_000 }), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'overloaded', injectedBy: 'provider answers 503 five times', answers: () => [...times(5, () => turn().overloaded()), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'token_limit', injectedBy: 'provider answers 400: more tokens than its window', answers: () => [read(), call('read_file', { path: 'b.ts' }), turn().httpError(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'), done()], outcome: 'recovered', cleanCalls: 3 },
  { pattern: 'missing_signature', injectedBy: 'provider answers 400: signature missing', answers: () => [read(), turn().httpError(400, 'INVALID_ARGUMENT', 'Function call is missing a thought_signature in functionCall parts.'), done()], outcome: 'recovered', cleanCalls: 2 },
  { pattern: 'authentication', injectedBy: 'provider answers 403', answers: () => [turn().httpError(403, 'PERMISSION_DENIED', 'No access.')], outcome: 'explained', cleanCalls: 0 },
  { pattern: 'request_refused', injectedBy: 'provider answers 404', answers: () => [turn().httpError(404, 'NOT_FOUND', 'No such model.')], outcome: 'explained', cleanCalls: 0 },
  { pattern: 'model_failed', injectedBy: 'provider answers 302', answers: () => [turn().httpError(302, 'MOVED', 'Elsewhere.'), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'safety_stop', injectedBy: 'answer ends with SAFETY', answers: () => [begun().finish('SAFETY')], outcome: 'explained', cleanCalls: 1 },
  { pattern: 'max_tokens', injectedBy: 'answer ends with MAX_TOKENS before anything was said', answers: () => [turn().thought('Hm.').usage(USAGE).finish('MAX_TOKENS'), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'malformed_function_call', injectedBy: 'answer ends with MALFORMED_FUNCTION_CALL three times', answers: () => [...times(3, () => turn().usage(USAGE).finish('MALFORMED_FUNCTION_CALL')), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'empty_answer', injectedBy: 'answer of nothing, then of mere thoughts', answers: () => [turn().usage(USAGE).finish('STOP'), turn().thought('Hm.').usage(USAGE), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'stream_timeout', injectedBy: 'stream falls silent and stays open', answers: () => [begun().stall(), done()], outcome: 'recovered', cleanCalls: 1, waits: 'the silence (model.idleTimeoutMs)', limits: { 'model.idleTimeoutMs': 200 } },
  { pattern: 'stream_data_loss', injectedBy: 'stream ends four times without a finish reason', answers: () => [...times(4, () => begun().cut()), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'malformed_response', injectedBy: 'page of a proxy in the middle of the stream', answers: () => [begun().raw('<html><body>Bad gateway</body></html>\n'), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'chanting', injectedBy: 'answer repeats one sentence sixty times', answers: () => [chant(), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'iteration_timeout', injectedBy: 'stream that goes on for longer than a step may', answers: () => [begun().stall(), done()], outcome: 'recovered', cleanCalls: 1, waits: 'the step (iteration.timeoutMs)', limits: { 'iteration.timeoutMs': 1_000 } },
  { pattern: 'tool_failed', injectedBy: 'file that is not there', answers: () => [call('read_file', { path: 'missing.ts' }), done()], outcome: 'recovered', cleanCalls: 1 },
  { pattern: 'tool_timeout', injectedBy: 'command that hangs, in the sandbox', answers: () => [call('run_command', { command: 'sleep 60', timeoutMs: 300 }), done()], outcome: 'recovered', cleanCalls: 1, waits: 'the tool (tool.timeoutMs.command)', needs: 'sandbox' },
  { pattern: 'typescript_errors', injectedBy: 'compiler output of a command, in the sandbox', answers: () => [call('run_command', { command: "echo \"a.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\"; exit 2" }), done()], outcome: 'recovered', cleanCalls: 1, needs: 'sandbox' },
  { pattern: 'lsp_diagnostics', injectedBy: 'TypeScript language server behind an MCP server, after a change that breaks a type', answers: () => [diagnose(), call('write_file', { path: 'a.ts', content: "export const a: number = 'x';\n" }), diagnose(), call('write_file', { path: 'a.ts', content: 'export const a = 1;\n' }), done()], outcome: 'recovered', cleanCalls: 4 },
  { pattern: 'disk_full', injectedBy: 'command that fills its folder in memory, in the sandbox', answers: () => [call('run_command', { command: 'head -c 5000000 /dev/zero > /tmp/full' }), done()], outcome: 'recovered', cleanCalls: 1, limits: { 'sandbox.maxTemporaryBytes': 1_048_576 }, needs: 'sandbox' },
  { pattern: 'out_of_memory', injectedBy: 'command beyond its memory limit, in the sandbox', answers: () => [call('run_command', { command: 'node --max-old-space-size=20 -e "const all = []; for (;;) all.push(new Array(1e5).fill({}))"' }), done()], outcome: 'recovered', cleanCalls: 1, needs: 'sandbox' },
  { pattern: 'infinite_loop', injectedBy: 'model reads the same file again and again', answers: () => [...times(4, read), done()], outcome: 'recovered', cleanCalls: 2 },
  { pattern: 'decision_loop', injectedBy: 'model repeats the same failing check over changes that do not help', answers: () => [...[1, 2, 3, 4].flatMap((attempt) => [call('write_file', { path: 'try.ts', content: `try ${attempt}` }), call('edit_file', { path: 'a.ts', oldText: 'nowhere', newText: 'x' })]), done()], outcome: 'recovered', cleanCalls: 2 },
  { pattern: 'edit_oscillation', injectedBy: 'model changes a file back and forth', answers: () => [...['A', 'B', 'A', 'B', 'A', 'B'].map((content) => call('write_file', { path: 'c.ts', content })), done()], outcome: 'recovered', cleanCalls: 2, intent: 'refactor' },
  { pattern: 'analysis_paralysis', injectedBy: 'model only reads where a fix is wanted', answers: () => [...Array.from({ length: 6 }, (_, page) => call('read_file', { path: `page${page}.txt` })), call('write_file', { path: 'c.ts', content: 'fixed' }), done()], outcome: 'recovered', cleanCalls: 8, intent: 'fix' },
];

/** Rows that this suite cannot make, with what shows them instead. */
export const SHOWN_ELSEWHERE: Readonly<Partial<Record<FailurePatternKey, { readonly injectedBy: string; readonly outcome: string; readonly cost: string }>>> = {
  model_set_aside: { injectedBy: 'provider answers 503 until the breaker opens (test/integration/chat/recovery.test.ts)', outcome: 'recovered', cost: 'none with a fallback model, else breaker.openMs' },
  connection_failed: { injectedBy: 'port where nobody listens (test/unit/models/gemini-faults.test.ts)', outcome: 'recovered by the fallback model, else explained', cost: '7 s' },
  database: { injectedBy: 'connections ended and refused for a moment, PostgreSQL alone (test/integration/chat/database-outage.test.ts)', outcome: 'recovered', cost: 'up to 6.2 s' },
  instance_crash: { injectedBy: 'server process killed (test/e2e/server-process.test.ts)', outcome: 'recovered or explained', cost: 'run.leaseMs' },
};
