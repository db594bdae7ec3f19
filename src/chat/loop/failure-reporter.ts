import { Injectable } from '@nestjs/common';
import { type DetectedFailure, IncidentLog, type RecoveryDecision } from '../../failure-detection/index.js';
import type { RunContext } from './run-context.js';

/** Tells people of a failure while the run goes on, and keeps it as an incident. */
@Injectable()
export class FailureReporter {
  constructor(private readonly incidents: IncidentLog) {}

  /** @returns the incident's id */
  async report(context: RunContext, iteration: number, attempt: number, failure: DetectedFailure, decision: RecoveryDecision): Promise<string> {
    this.tell(context, failure, decision);
    return this.keep(context, iteration, attempt, failure, decision);
  }

  /** Only tells, for what cannot be kept at the moment. */
  tell(context: RunContext, { pattern, category, severity, message }: DetectedFailure, { strategy }: RecoveryDecision): void {
    context.writer.append({ type: 'failure.detected', data: { pattern, category, severity, strategy, detail: message } });
  }

  /** @returns the incident's id */
  keep(context: RunContext, iteration: number, attempt: number, failure: DetectedFailure, decision: RecoveryDecision): Promise<string> {
    context.hasIncidents = true;
    return this.incidents.record({ runId: context.row.id, userId: context.row.userId, iteration, attempt, failure, decision });
  }

  async recovered(incidentIds: readonly string[]): Promise<void> {
    await this.incidents.resolve(incidentIds, 'recovered');
  }

  /** Closes what is still open when the run ends. */
  async closeAll(context: RunContext, status: 'completed' | 'failed' | 'cancelled'): Promise<void> {
    if (context.hasIncidents) await this.incidents.resolveRun(context.row.id, status === 'completed' ? 'recovered' : status);
  }
}
