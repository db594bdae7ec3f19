import { Inject, Injectable } from '@nestjs/common';
import type { DetectorFinding, ObservedStep } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { ModelAnswer, ToolCallRequest } from '../../models/index.js';
import { ToolRegistry, type ToolResult } from '../../tools/index.js';
import { Architect, withAdvice } from '../architect/architect.js';
import { changedFiles } from './changed-files.js';
import { FailureReporter } from './failure-reporter.js';
import type { RunContext } from './run-context.js';
import { RunFailed } from './run-failed.js';
import { ToolFailures } from './tool-failures.js';

export interface ReviewedStep {
  readonly iteration: number;
  readonly answer: ModelAnswer;
  readonly calls: readonly ToolCallRequest[];
  readonly toolResults: readonly ToolResult[];
  readonly epochBefore: number;
  /** Aborts with a RunStopped. */
  readonly signal: AbortSignal;
}

/** Shows each finished step to the detectors, and lets what they find shape the next request. */
@Injectable()
export class StepReview {
  constructor(
    private readonly tools: ToolRegistry,
    private readonly reporter: FailureReporter,
    private readonly architect: Architect,
    private readonly toolFailures: ToolFailures,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /** @throws RunFailed when a detector says that nothing sensible is left to do */
  async afterStep(context: RunContext, step: ReviewedStep): Promise<void> {
    await this.toolFailures.afterStep(context, step.iteration, step.calls, step.toolResults);
    const [finding] = context.monitor.observe(await this.observed(context, step)); // the one that leads furthest
    if (!finding) return;
    const { failure, decision } = finding;
    await this.reporter.report(context, step.iteration, 1, failure, decision);
    await this.apply(context, finding, step);
  }

  private async apply(context: RunContext, { failure, decision, count }: DetectorFinding, { iteration, signal }: ReviewedStep): Promise<void> {
    if (decision.action === 'stop') {
      if (!decision.summarise) {
        throw new RunFailed({ code: failure.pattern, pattern: failure.pattern, message: `${failure.message} ${decision.reason}`, retryable: false });
      }
      context.mustConclude = true;
      context.nudge = decision.reason;
    } else {
      context.nudge = decision.nudge ?? context.nudge;
      context.restriction = decision.restriction;
    }
    const { pattern } = failure;
    context.writer.append({ type: 'recovery.applied', data: { pattern, strategy: decision.strategy, action: `${describe(decision)} (iteration ${iteration})`, attempt: count } });
    if (decision.action === 'continue' && decision.consultArchitect && decision.nudge) {
      context.nudge = withAdvice(decision.nudge, await this.architect.advise(context, `${failure.message} ${decision.nudge}`, signal));
    }
  }

  private async observed(context: RunContext, { iteration, answer, calls, toolResults, epochBefore }: ReviewedStep): Promise<ObservedStep> {
    const hasChanged = context.workspace.epoch !== epochBefore;
    const maxBytes = this.limits.of(context.limits, 'file.maxBytes');
    const changed = hasChanged ? await changedFiles(context.workspace, calls, toolResults, (name) => !this.tools.isReadOnly(name), maxBytes) : [];
    return {
      iteration,
      text: answer.text,
      calls: calls.map((call, index) => {
        const result = toolResults[index] as ToolResult;
        return {
          name: call.name,
          input: call.input,
          readOnly: this.tools.isReadOnly(call.name),
          answersFromWorkspace: this.tools.answersFromWorkspace(call.name),
          ok: result.ok,
          errorCode: result.ok ? undefined : result.code,
          output: result.output,
          workspaceEpochBefore: epochBefore,
          workspaceEpochAfter: context.workspace.epoch,
          changedFiles: changed[index],
        };
      }),
    };
  }
}

function describe(decision: DetectorFinding['decision']): string {
  if (decision.action === 'stop') return 'ask for a summary and end';
  if (decision.restriction) return 'take tools away for the next step';
  return decision.consultArchitect ? 'ask the architect' : 'tell the model';
}
