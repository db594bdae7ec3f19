import { Inject, Injectable } from '@nestjs/common';
import { type DetectedFailure, FailureDetectionService, type RecoveryDecision, recoveryLimitsOf } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { ToolCallRequest } from '../../models/index.js';
import type { ToolErrorCode, ToolResult } from '../../tools/index.js';
import { FailureReporter } from './failure-reporter.js';
import type { RunContext } from './run-context.js';

/** What is no failure of the tool: somebody decided that the call is not made, or stopped it. */
const DECIDED: ReadonlySet<ToolErrorCode> = new Set(['cancelled', 'limit_reached', 'denied', 'repeated_call']);

interface ToolFailure {
  readonly failures: readonly DetectedFailure[];
  readonly decision: RecoveryDecision;
}

/** Recognises what went wrong in the tools of a step, keeps it, and lets the gravest decide what the model is told. */
@Injectable()
export class ToolFailures {
  constructor(
    private readonly detection: FailureDetectionService,
    private readonly reporter: FailureReporter,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /** Each pattern counts once per step, however many calls show it. */
  async afterStep(context: RunContext, iteration: number, calls: readonly ToolCallRequest[], results: readonly ToolResult[]): Promise<void> {
    const found = new Map<string, ToolFailure>();
    calls.forEach((call, index) => {
      const result = results[index];
      if (!result || result.ok || DECIDED.has(result.code)) return;
      const failures = this.detection.detectFailurePatterns({ source: 'tool', kind: result.code, toolName: call.name, errorText: result.output });
      const [failure] = failures;
      if (failure && !found.has(failure.pattern)) found.set(failure.pattern, { failures, decision: this.decide(context, failures, failure) });
    });
    for (const { failures, decision } of found.values()) {
      const [failure] = failures as [DetectedFailure];
      await this.reporter.report(context, iteration, 1, failure, decision);
      this.apply(context, failure, decision);
    }
  }

  private decide(context: RunContext, failures: readonly DetectedFailure[], { pattern }: DetectedFailure): RecoveryDecision {
    const attemptsOfPattern = context.toolFailures.get(pattern) ?? 0;
    context.toolFailures.set(pattern, attemptsOfPattern + 1);
    const history = { attemptsOfPattern, retriesOfRun: context.totals.retries, backoffMsOfRun: context.backoffMs, hasFallbackModel: false };
    return this.detection.generateRecoveryAction(failures, history, recoveryLimitsOf(this.limits, context.limits));
  }

  private apply(context: RunContext, { pattern, message }: DetectedFailure, decision: RecoveryDecision): void {
    const nudge = decision.action === 'stop' ? `${message} ${decision.reason}` : decision.nudge;
    if (decision.action === 'stop') context.mustConclude = true;
    if (nudge === undefined) return; // the result itself tells the model
    context.nudge = context.nudge === undefined ? nudge : `${context.nudge}\n${nudge}`;
    const action = decision.action === 'stop' ? 'ask for a summary and end' : 'tell the model';
    context.writer.append({ type: 'recovery.applied', data: { pattern, strategy: decision.strategy, action, attempt: context.toolFailures.get(pattern) ?? 1 } });
  }
}
