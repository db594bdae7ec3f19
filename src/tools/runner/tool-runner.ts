import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type LimitKey, type Limits, LIMITS_READER, type LimitsSnapshot } from '../../limits/index.js';
import { readSandboxLimits } from '../sandbox/sandbox-limits.js';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolLimits, ToolResult } from '../tool.port.js';
import { inBatches, mapBounded } from './batches.js';
import { checkInput } from './check-input.js';
import { progressReporter } from './progress-reporter.js';
import { raceAbort } from './race-abort.js';
import { ResultEnvelope } from './result-envelope.js';
import { memorySlot } from './run-memory.js';
import type { ToolCall, ToolOutcome, ToolRunContext } from './tool-call.js';
import { ToolRegistry } from './tool-registry.js';

/** Of a tool's time: what is left is enough to end the command and to tell what it put out. */
const SANDBOX_SHARE = 0.95;

/** Calls so far of tools that have a cap. */
const CALLS_OF_TOOLS = memorySlot(() => new Map<string, number>());

interface CheckedCall {
  readonly tool: Tool;
  readonly input: unknown;
}

/** Runs what the model asked for: checked, bounded in time and number, each result in the same envelope. */
@Injectable()
export class ToolRunner {
  private readonly logger = new Logger(ToolRunner.name);

  constructor(
    private readonly registry: ToolRegistry,
    private readonly envelope: ResultEnvelope,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Runs the calls of one iteration. Neighbouring reads go side by side, at most `tool.maxParallelReads` at a time; a change waits for all
   * calls before it and is waited for by all after it. Whatever a tool does wrong is a result, never an exception.
   * @returns one result per call, in the order of the calls
   * @throws only what `context.beforeChange` throws
   */
  async runAll(calls: readonly ToolCall[], context: ToolRunContext): Promise<ToolResult[]> {
    context.memory.step++;
    const refusals = this.refusals(calls, context);
    const parallel = this.limits.of(context.limits, 'tool.maxParallelReads');
    const results: ToolResult[] = [];
    for (const batch of inBatches(calls, (call) => this.registry.isReadOnly(call.name))) {
      results.push(...(await mapBounded(batch, parallel, (call) => this.run(call, context, refusals.get(call)))));
    }
    return results;
  }

  private async run(call: ToolCall, context: ToolRunContext, refusal: ToolError | undefined): Promise<ToolResult> {
    const { callId, name, input } = call;
    const startedAtMs = this.clock.monotonicMs();
    context.onEvent({ type: 'called', callId, name, input, readOnly: this.registry.isReadOnly(name) });
    const outcome: ToolOutcome = refusal ? { ok: false, error: refusal } : (context.decide?.(call) ?? (await this.attempt(call, context)));
    const result = this.envelope.wrap(outcome, Math.round(this.clock.monotonicMs() - startedAtMs), context.limits, context.workspace.root);
    context.onEvent({ type: 'finished', callId, name, result });
    return result;
  }

  private async attempt(call: ToolCall, context: ToolRunContext): Promise<ToolOutcome> {
    const checked = this.check(call, context);
    if (checked instanceof ToolError) return { ok: false, error: checked };
    if (!checked.tool.readOnly) await announceChange(call, context);
    try {
      return { ok: true, output: await this.execute(checked, call, context) };
    } catch (error) {
      return { ok: false, error: this.toToolError(error, checked.tool) };
    }
  }

  private check(call: ToolCall, { signal, limits }: ToolRunContext): CheckedCall | ToolError {
    try {
      if (signal.aborted) throw new ToolError('cancelled', 'Not run: the run was cancelled.');
      const tool = this.registry.require(call.name);
      return { tool, input: checkInput(tool, call.input, this.limits.of(limits, 'tool.maxInputBytes')) };
    } catch (error) {
      if (error instanceof ToolError) return error;
      throw error;
    }
  }

  private async execute({ tool, input }: CheckedCall, call: ToolCall, context: ToolRunContext): Promise<string> {
    const stop = new AbortController();
    const onCancel = (): void => stop.abort(new ToolError('cancelled', `${tool.name} was stopped: the run was cancelled.${afterthought(tool)}`));
    const timeoutMs = this.limits.of(context.limits, `tool.timeoutMs.${tool.timeoutClass}`);
    const cancelTimeout = this.clock.schedule(() => stop.abort(timeoutError(tool, timeoutMs)), timeoutMs);
    const progress = progressReporter(this.clock, (text) => context.onEvent({ type: 'progress', callId: call.callId, text }));
    context.signal.addEventListener('abort', onCancel, { once: true });
    if (context.signal.aborted) onCancel(); // while beforeChange was awaited
    try {
      stop.signal.throwIfAborted();
      const { workspace, memory, services = {} } = context;
      const limits = this.toolLimits(context.limits, timeoutMs);
      const work = startWork(() => tool.execute(input, { workspace, memory, services, signal: stop.signal, limits, onProgress: progress.report }));
      return await raceAbort(work, stop.signal);
    } finally {
      progress.end();
      cancelTimeout();
      context.signal.removeEventListener('abort', onCancel);
    }
  }

  /** The calls that are too many, each with the reason; those before them run all the same. */
  private refusals(calls: readonly ToolCall[], context: ToolRunContext): Map<ToolCall, ToolError> {
    const { limits, session } = context;
    const perIteration = this.limits.of(limits, 'tool.maxPerIteration');
    const refusals = new Map<ToolCall, ToolError>();
    for (const [index, call] of calls.entries()) {
      if (index >= session.toolCallsLeft) {
        refusals.set(call, new ToolError('limit_reached', 'Not run: the tool calls of this session are used up. Answer with what you know.'));
      } else if (index >= perIteration) {
        refusals.set(call, new ToolError('limit_reached', `Not run: only the first ${perIteration} tool calls of a step are. Ask for it again in the next step.`));
      } else {
        const refusal = this.overCap(call, context);
        if (refusal) refusals.set(call, refusal);
      }
    }
    return refusals;
  }

  /** Counts the call towards the cap of its tool. */
  private overCap({ name }: ToolCall, { limits, memory }: ToolRunContext): ToolError | undefined {
    const cap = this.registry.find(name)?.cap;
    if (!cap) return undefined;
    const counts = memory.of(CALLS_OF_TOOLS);
    const calls = counts.get(name) ?? 0;
    const most = this.limits.of(limits, cap);
    if (calls >= most) return new ToolError('limit_reached', `Not run: ${name} may be called ${most} times in one run (${cap}). Go on without it.`);
    counts.set(name, calls + 1);
    return undefined;
  }

  private toolLimits(snapshot: LimitsSnapshot, timeoutMs: number): ToolLimits {
    const value = <Key extends LimitKey>(key: Key) => this.limits.of(snapshot, key);
    return {
      fileMaxBytes: value('file.maxBytes'),
      fileLargeBytes: value('file.largeBytes'),
      fileLargeLines: value('file.largeLines'),
      fileMaxReadIterations: value('file.maxReadIterations'),
      fileReadCacheSize: value('file.readCacheSize'),
      searchMaxMatches: value('search.maxMatches'),
      searchMaxFiles: value('search.maxFiles'),
      fetchMaxBytes: value('fetch.maxBytes'),
      fetchMaxRedirects: value('fetch.maxRedirects'),
      maxTasks: value('tasks.maxPerRun'),
      outputMaxBytes: value('tool.maxOutputBytes'),
      sandbox: readSandboxLimits(value, timeoutMs * SANDBOX_SHARE),
    };
  }

  private toToolError(error: unknown, tool: Tool): ToolError {
    if (error instanceof ToolError) return error;
    this.logger.error({ message: 'tool failed', tool: tool.name, error });
    return new ToolError('internal', `${tool.name} failed through no fault of the input. Try another way.${afterthought(tool)}`, { cause: error });
  }
}

/** A cancel does not wait for the announcement either; the tool then finds the signal aborted and is not started. */
async function announceChange(call: ToolCall, { beforeChange, signal }: ToolRunContext): Promise<void> {
  if (!beforeChange) return;
  await raceAbort(beforeChange(call), signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** Turns what a tool throws before its first await into a rejection like any other. */
async function startWork(work: () => Promise<string>): Promise<string> {
  return work();
}

function timeoutError(tool: Tool, timeoutMs: number): ToolError {
  return new ToolError('timeout', `${tool.name} was stopped after ${timeoutMs} ms. Ask for less at once.${afterthought(tool)}`);
}

/** A change that did not end properly may have happened all the same. */
function afterthought(tool: Tool): string {
  return tool.readOnly ? '' : ' It may have taken effect: look before you repeat it.';
}
