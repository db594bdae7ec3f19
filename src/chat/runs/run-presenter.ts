import { Injectable } from '@nestjs/common';
import { BillingService } from '../../billing/index.js';
import type { RunBilling, RunError, RunUsage } from '../../streaming/index.js';
import { toRunUsage } from '../loop/run-totals.js';
import { describeLimits, type RunLimits } from './describe-limits.js';
import { intentOf, limitsOf, type RunRow, totalsOf } from './run-row.js';
import type { RunStatus } from './run-state.js';

/** Answer of `GET /api/chat/runs/:runId`. */
export interface RunView {
  readonly runId: string;
  readonly conversationId: string;
  readonly projectId: string | null;
  readonly status: RunStatus;
  readonly phase: string;
  readonly intent: string;
  readonly model: string;
  readonly limits: RunLimits;
  readonly experimentArms: unknown;
  readonly counters: { readonly iterations: number; readonly modelCalls: number; readonly toolCalls: number; readonly retries: number };
  readonly usage: RunUsage;
  readonly billing: RunBilling;
  readonly estimate: unknown;
  readonly finishReason: string | null;
  readonly error: RunError | null;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

@Injectable()
export class RunPresenter {
  constructor(private readonly billing: BillingService) {}

  async present(row: RunRow): Promise<RunView> {
    const totals = totalsOf(row);
    return {
      runId: row.id,
      conversationId: row.conversationId,
      projectId: row.projectId,
      status: row.status as RunStatus,
      phase: row.phase,
      intent: row.intent,
      model: row.model,
      limits: describeLimits(limitsOf(row), intentOf(row)),
      experimentArms: row.experimentArms,
      counters: { iterations: row.iterations, modelCalls: row.modelCalls, toolCalls: row.toolCalls, retries: row.retries },
      usage: usageOf(row),
      billing: await this.billing.describeRun({ userId: row.userId, chargedNanoUsd: totals.chargedNanoUsd, estimatedNanoUsd: row.estimatedNanoUsd }),
      estimate: row.estimate,
      finishReason: row.finishReason,
      error: row.error as unknown as RunError | null,
      createdAt: row.createdAt.toISOString(),
      startedAt: row.startedAt?.toISOString() ?? null,
      finishedAt: row.finishedAt?.toISOString() ?? null,
    };
  }
}

/** Usage as the row has it; of a run that goes on, up to its last finished iteration. */
export function usageOf(row: RunRow): RunUsage {
  return { ...toRunUsage(totalsOf(row), row.durationMs ?? 0), tokensPerSecond: row.tokensPerSecond };
}
