import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Principal, toCredits } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Prisma, PrismaService } from '../../database/index.js';
import { IncidentList, type IncidentView } from '../../failure-detection/index.js';
import { isFinal } from './run-state.js';

interface EntryBase {
  /** When it began; ISO 8601. */
  readonly at: string;
  readonly iteration: number;
  /** null while it goes on, and where nothing was measured */
  readonly durationMs: number | null;
}

export interface ModelCallEntry extends EntryBase {
  readonly kind: 'model_call';
  readonly attempt: number;
  readonly model: string;
  readonly finishReason: string;
  readonly firstTokenMs: number | null;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly credits: number;
}

export interface ToolCallEntry extends EntryBase {
  readonly kind: 'tool_call';
  readonly name: string;
  readonly status: string;
  readonly errorCode: string | null;
}

/** `durationMs` is the time until it was recovered from or given up. */
export type FailureEntry = EntryBase & { readonly kind: 'failure' } & Omit<IncidentView, 'id' | 'runId' | 'userId' | 'createdAt' | 'resolvedAt'>;

export type TimelineEntry = ModelCallEntry | ToolCallEntry | FailureEntry;

/** Answer of `GET /api/chat/runs/:runId/timeline`. It holds nothing that was said: admins read it too. */
export interface RunTimelineView {
  readonly runId: string;
  readonly status: string;
  readonly hasEnded: boolean;
  readonly intent: string;
  readonly model: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly durationMs: number | null;
  readonly timeToFirstTokenMs: number | null;
  readonly finishReason: string | null;
  readonly failurePattern: string | null;
  /** Times that another instance took the run over. */
  readonly takeovers: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** All that the run was charged, side calls included. */
  readonly credits: number;
  /** The earliest first. */
  readonly entries: readonly TimelineEntry[];
}

/** What happened in a run, when, and what it cost. */
@Injectable()
export class RunTimeline {
  constructor(
    private readonly prisma: PrismaService,
    private readonly incidents: IncidentList,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws AppError `run_not_found`, also for runs of others unless an admin asks */
  async of(principal: Principal, runId: string): Promise<RunTimelineView> {
    const owner = principal.role === 'admin' ? undefined : principal.userId;
    const run = await this.prisma.run.findFirst({ where: { id: runId, userId: owner }, select: RUN_COLUMNS });
    if (!run) throw new AppError('run_not_found', `There is no run ${runId}.`);
    const [steps, calls, incidents] = await Promise.all([
      this.prisma.step.findMany({ where: { runId }, select: STEP_COLUMNS }),
      this.prisma.toolCall.findMany({ where: { runId }, select: TOOL_CALL_COLUMNS, orderBy: [{ iteration: 'asc' }, { position: 'asc' }] }),
      this.incidents.ofRun(runId),
    ]);
    const entries = [...steps.map((step) => this.modelCall(step)), ...calls.map(toolCall), ...incidents.map(failure)];
    const { id, chargedNanoUsd, createdAt, startedAt, finishedAt, ...rest } = run;
    return {
      runId: id,
      ...rest,
      hasEnded: isFinal(run.status),
      createdAt: createdAt.toISOString(),
      startedAt: startedAt?.toISOString() ?? null,
      finishedAt: finishedAt?.toISOString() ?? null,
      credits: this.credits(chargedNanoUsd),
      entries: entries.sort((a, b) => a.at.localeCompare(b.at) || a.iteration - b.iteration),
    };
  }

  private modelCall({ createdAt, chargedNanoUsd, durationMs, ...step }: StepRow): ModelCallEntry {
    const at = before(createdAt, durationMs); // a step is written when its model call is over
    return { kind: 'model_call', at, durationMs, ...step, credits: this.credits(chargedNanoUsd) };
  }

  private credits(amount: bigint): number {
    return toCredits(amount, this.config.billing.creditValueNanoUsd);
  }
}

function toolCall({ createdAt, finishedAt, durationMs, ...call }: ToolCallRow): ToolCallEntry {
  const at = finishedAt && durationMs !== null ? before(finishedAt, durationMs) : createdAt.toISOString(); // one that waits its turn is there before it begins
  return { kind: 'tool_call', at, durationMs, ...call };
}

function failure(incident: IncidentView): FailureEntry {
  const { iteration, attempt, pattern, name, category, severity, strategy, action, detail, outcome, createdAt, resolvedAt } = incident;
  const durationMs = resolvedAt === null ? null : Date.parse(resolvedAt) - Date.parse(createdAt);
  return { kind: 'failure', at: createdAt, durationMs, iteration, attempt, pattern, name, category, severity, strategy, action, detail, outcome };
}

function before(end: Date, durationMs: number): string {
  return new Date(end.getTime() - durationMs).toISOString();
}

const RUN_COLUMNS = {
  id: true, status: true, intent: true, model: true, createdAt: true, startedAt: true, finishedAt: true, durationMs: true, timeToFirstTokenMs: true,
  finishReason: true, failurePattern: true, takeovers: true, inputTokens: true, outputTokens: true, reasoningTokens: true, chargedNanoUsd: true,
} as const satisfies Prisma.RunSelect;

const STEP_COLUMNS = {
  iteration: true, attempt: true, model: true, finishReason: true, inputTokens: true, cachedInputTokens: true, outputTokens: true,
  reasoningTokens: true, chargedNanoUsd: true, durationMs: true, firstTokenMs: true, createdAt: true,
} as const satisfies Prisma.StepSelect;
type StepRow = Prisma.StepGetPayload<{ select: typeof STEP_COLUMNS }>;

const TOOL_CALL_COLUMNS = { iteration: true, name: true, status: true, errorCode: true, durationMs: true, createdAt: true, finishedAt: true } as const satisfies Prisma.ToolCallSelect;
type ToolCallRow = Prisma.ToolCallGetPayload<{ select: typeof TOOL_CALL_COLUMNS }>;
