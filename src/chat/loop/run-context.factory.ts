import { Inject, Injectable } from '@nestjs/common';
import { BillingService } from '../../billing/index.js';
import { PrismaService } from '../../database/index.js';
import { RunMonitors } from '../../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ModelRegistry } from '../../models/index.js';
import type { RunEventWriter, RunPhase } from '../../streaming/index.js';
import { RunMemory, WorkspaceService } from '../../tools/index.js';
import { NO_DIGEST } from '../context/context-digest.js';
import { ConversationHistory } from '../conversations/history.js';
import { intentOf, isTakenUpAgain, limitsOf, type RunRow, totalsOf } from '../runs/run-row.js';
import { RunStore } from '../runs/run-store.js';
import type { WorkTime } from '../runs/work-time.js';
import { AnswerText } from './answer-text.js';
import { PromptGauge } from './prompt-gauge.js';
import { RunCheckpoints } from './run-checkpoints.js';
import type { RunContext } from './run-context.js';

/** Gathers everything a run needs before its first iteration. */
@Injectable()
export class RunContextFactory {
  constructor(
    private readonly prisma: PrismaService,
    private readonly store: RunStore,
    private readonly billing: BillingService,
    private readonly history: ConversationHistory,
    private readonly models: ModelRegistry,
    private readonly workspaces: WorkspaceService,
    private readonly monitors: RunMonitors,
    private readonly checkpoints: RunCheckpoints,
    private readonly gauge: PromptGauge,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async create(row: RunRow, writer: RunEventWriter, signal: AbortSignal, workTime: WorkTime): Promise<RunContext> {
    const limits = limitsOf(row);
    const [{ history, text }, session, project, checkpoint, promptAnchor, totals] = await Promise.all([
      this.history.loadUpTo(row.userMessageId, row.conversationId, this.limits.of(limits, 'chat.maxHistoryMessages')),
      this.prisma.conversationSession.findUniqueOrThrow({ where: { id: row.sessionId }, select: { modelCalls: true, toolCalls: true } }),
      this.workspaces.forProject(row.userId, row.projectId),
      this.checkpoints.load(row),
      this.gauge.anchorOf(row.conversationId, row.model),
      isTakenUpAgain(row) ? this.store.settledTotals(row) : totalsOf(row), // calls may have settled that the row knows nothing of
    ]);
    const attempts = isTakenUpAgain(row) ? await this.billing.callsMade(row.id, checkpoint.openStep?.iteration ?? row.iterations + 1) : 0;
    return {
      row,
      fence: { runId: row.id, fencingToken: row.fencingToken },
      limits,
      workspace: project.workspace,
      projectId: project.projectId,
      policy: project.policy,
      history,
      userMessage: text,
      writer,
      answer: new AnswerText(row.assistantMessageId, writer, checkpoint.text),
      monitor: this.monitors.start({ intent: intentOf(row), limits, hasArchitect: this.models.architect() !== undefined }),
      toolMemory: new RunMemory(),
      signal,
      workTime,
      session,
      model: this.models.resolve(row.model),
      promptAnchor,
      isWatched: false,
      steps: checkpoint.steps,
      openStep: checkpoint.openStep,
      lastAnswer: checkpoint.lastAnswer,
      totals: { ...totals, generationMs: checkpoint.generationMs },
      phase: row.phase as RunPhase, // written by RunStore from the same type
      attempts,
      digest: NO_DIGEST,
      toolFailures: new Map(),
      iterationTimeouts: 0,
      consultations: 0,
      mustConclude: false,
      hasIncidents: isTakenUpAgain(row), // the holder before may have left some open
      backoffMs: 0,
    };
  }
}
