import { Inject, Injectable } from '@nestjs/common';
import { BillingService, type Estimate } from '../../billing/index.js';
import { AppError, CLOCK, type Clock, type Intent, type Principal } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER, type LimitsSnapshot } from '../../limits/index.js';
import { type LanguageModel, ModelRegistry } from '../../models/index.js';
import { WorkspaceService } from '../../tools/index.js';
import type { ClientKeys } from '../client-keys/client-keys.js';
import { ConversationHistory } from '../conversations/history.js';
import { classifyIntent } from '../intent/classify-intent.js';
import { PromptBuilder } from '../loop/prompt-builder.js';
import { PromptGauge } from '../loop/prompt-gauge.js';

export interface PlanRequest {
  readonly message: string;
  readonly conversationId?: string;
  /** Names the conversation in place of its id; one that is not known is a new one. */
  readonly clientKeys?: ClientKeys;
  readonly projectId?: string;
  readonly intent?: Intent;
  readonly model?: string;
}

/** What a message would be run with, found out without writing anything. */
export interface AdmissionPlan {
  readonly intent: Intent;
  readonly model: LanguageModel;
  readonly limits: LimitsSnapshot;
  readonly projectId: string;
  /** The conversation to go on with; absent for a new one. */
  readonly conversation?: { readonly id: string; readonly session?: { readonly id: string; readonly modelCalls: number } };
  readonly estimatedInputTokens: number;
  /** Before calibration, kept to anchor the estimates of the conversation's next run. */
  readonly uncalibratedInputTokens: number;
  /** Output tokens asked of the first model call. */
  readonly maxOutputTokens: number;
  readonly estimate: Estimate;
}

export interface PlanFrame {
  readonly intent: Intent;
  readonly limits: LimitsSnapshot;
}

const MINUTE_MS = 60_000;

@Injectable()
export class AdmissionPlanner {
  constructor(
    private readonly prisma: PrismaService,
    private readonly models: ModelRegistry,
    private readonly workspaces: WorkspaceService,
    private readonly history: ConversationHistory,
    private readonly prompts: PromptBuilder,
    private readonly gauge: PromptGauge,
    private readonly billing: BillingService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * What is known of a message without asking anybody.
   * @throws AppError `payload_too_large`
   */
  frame(principal: Principal, request: PlanRequest): PlanFrame {
    this.checkSize(request.message);
    const intent = request.intent ?? classifyIntent(request.message).intent;
    return { intent, limits: this.limits.snapshot({ userId: principal.userId, plan: principal.plan, intent }) };
  }

  /** @throws AppError when the request names what does not exist or is too large */
  async plan(principal: Principal, request: PlanRequest, { intent, limits }: PlanFrame): Promise<AdmissionPlan> {
    const model = this.models.resolve(this.limits.of(limits, 'model.emergencyModel') || request.model);
    const conversation = await this.findConversation(principal.userId, request);
    const [{ projectId }, { estimate, uncalibratedInputTokens }] = await Promise.all([
      this.workspaces.forProject(principal.userId, request.projectId ?? conversation?.projectId ?? null, principal.role),
      this.estimate(principal.userId, request.message, { intent, limits }, model, conversation?.id),
    ]);
    return { intent, model, limits, projectId, conversation, estimatedInputTokens: estimate.inputTokens, uncalibratedInputTokens, maxOutputTokens: this.outputTokensOf(limits, model), estimate };
  }

  /** @throws AppError `limit_exceeded` when the user's tokens of the last minute are used up */
  async checkTokenRate(userId: string, limits: LimitsSnapshot): Promise<void> {
    const since = new Date(this.clock.now() - MINUTE_MS);
    const { _sum } = await this.prisma.usageRecord.aggregate({
      where: { userId, createdAt: { gt: since } },
      _sum: { inputTokens: true, toolUseInputTokens: true, outputTokens: true, reasoningTokens: true },
    });
    const used = (_sum.inputTokens ?? 0) + (_sum.toolUseInputTokens ?? 0) + (_sum.outputTokens ?? 0) + (_sum.reasoningTokens ?? 0);
    const allowed = this.limits.of(limits, 'model.tokensPerMinute');
    if (used >= allowed) {
      throw new AppError('limit_exceeded', `You used ${used} of ${allowed} tokens in the last minute. Wait a moment.`, { retryAfterMs: MINUTE_MS / 2, extensions: { limit: 'model.tokensPerMinute', value: allowed } });
    }
  }

  private async estimate(userId: string, userMessage: string, { intent, limits }: PlanFrame, model: LanguageModel, conversationId: string | undefined): Promise<Pick<AdmissionPlan, 'estimate' | 'uncalibratedInputTokens'>> {
    const [history, anchor] = conversationId
      ? await Promise.all([this.history.load(conversationId, this.limits.of(limits, 'chat.maxHistoryMessages')), this.gauge.anchorOf(conversationId, model.id)])
      : [[], undefined];
    const maxIterations = this.limits.of(limits, `iteration.maxByIntent.${intent}`);
    const maxContextTokens = Math.min(this.limits.of(limits, 'model.maxContextTokens'), model.contextWindowTokens);
    const { estimatedInputTokens: uncalibratedInputTokens } = this.prompts.build(
      { intent, history, userMessage, steps: [], isLastIteration: maxIterations === 1, maxOutputTokens: this.outputTokensOf(limits, model) },
      maxContextTokens,
    );
    const inputTokens = this.gauge.expect(model.id, uncalibratedInputTokens, anchor);
    if (inputTokens > maxContextTokens) {
      throw new AppError('payload_too_large', `The message needs about ${inputTokens} tokens and the model takes ${maxContextTokens}. Send less at once, or put it into a file of the project.`);
    }
    const estimate = await this.billing.estimate({ userId, model: model.id, intent, inputTokens, maxContextTokens, maxIterations, maxOutputTokens: this.limits.of(limits, 'model.maxOutputTokens') });
    return { estimate, uncalibratedInputTokens };
  }

  private outputTokensOf(limits: LimitsSnapshot, model: LanguageModel): number {
    return Math.min(this.limits.of(limits, 'model.maxOutputTokens'), this.limits.of(limits, 'model.maxOutputTokensPerCall'), model.maxOutputTokens);
  }

  private checkSize(message: string): void {
    const maxBytes = this.limits.value('chat.maxMessageBytes');
    const bytes = Buffer.byteLength(message);
    if (bytes > maxBytes) {
      throw new AppError('payload_too_large', `The message has ${bytes} bytes and at most ${maxBytes} are taken. Put long texts into a file of the project.`, { extensions: { limit: 'chat.maxMessageBytes', value: maxBytes } });
    }
  }

  private async findConversation(userId: string, { conversationId: id, clientKeys }: PlanRequest): Promise<(AdmissionPlan['conversation'] & { projectId: string | null }) | undefined> {
    if (!id && !clientKeys) return undefined;
    const row = await this.prisma.conversation.findFirst({
      where: id ? { id, userId } : { userId, clientKey: clientKeys?.conversation },
      select: { id: true, projectId: true, sessions: { where: { endedAt: null }, orderBy: { id: 'desc' }, take: 1, select: { id: true, modelCalls: true } } },
    });
    if (row) return { id: row.id, projectId: row.projectId, session: row.sessions[0] };
    if (id) throw new AppError('conversation_not_found', `There is no conversation ${id}. Leave conversationId out to begin a new one.`);
    return undefined;
  }
}
