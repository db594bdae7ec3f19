import { Inject, Injectable } from '@nestjs/common';
import { BillingService, type Estimate } from '../../billing/index.js';
import { AppError, CLOCK, type Clock, DrainState, type Intent, newId, type Principal } from '../../common/index.js';
import { type Database, PrismaService } from '../../database/index.js';
import { Idempotency, type IdempotencyClaim } from '../../http/index.js';
import { ExperimentExposures, type Limits, LIMITS_READER } from '../../limits/index.js';
import { FencedOutError, RUN_EVENT_LOG, type RunEventLog } from '../../streaming/index.js';
import type { ClientKeys } from '../client-keys/client-keys.js';
import { type QueueState, RUN_QUEUE, type RunQueue } from '../queue/run-queue.port.js';
import { describeLimits, type RunLimits } from '../runs/describe-limits.js';
import { EventsUrls } from '../runs/events-url.js';
import { RunCanceller } from '../runs/run-canceller.js';
import { storableText } from '../runs/storable.js';
import { type AdmissionPlan, AdmissionPlanner } from './admission-plan.js';
import { insertAdmission } from './admission-rows.js';
import { checkBusy } from './check-busy.js';
import { rewindConversation } from './rewind-conversation.js';
import type { RunIds } from './run-ids.js';
import type { StartRun } from './start-run.schema.js';

/** The answer to a start. */
export interface AdmittedRun {
  readonly runId: string;
  readonly conversationId: string;
  /** Of the answer: what its `text.delta` events and its message carry. */
  readonly messageId: string;
  readonly intent: Intent;
  readonly model: string;
  readonly limits: RunLimits;
  readonly estimate: Estimate;
  /** Carries a ticket of its own, for clients that cannot send headers. */
  readonly eventsUrl: string;
}

/**
 * `title` names a new conversation when its message should not. 
 * `clientKeys` name conversation and run: go through KeyedAdmission, which knows what is named already. `replaces` is a run of the
 * conversation that ended: its message, and all that was said after it, give way to this one.
 */
export type AdmissionRequest = StartRun & { readonly title?: string; readonly clientKeys?: ClientKeys; readonly replaces?: string };

const TITLE_LENGTH = 80;
const START_RUN = 'POST /api/chat/runs';

/** Decides whether a message becomes a run. A refused one leaves nothing behind: all rows are written in one transaction. */
@Injectable()
export class RunAdmission {
  constructor(
    private readonly prisma: PrismaService,
    private readonly planner: AdmissionPlanner,
    private readonly billing: BillingService,
    private readonly canceller: RunCanceller,
    private readonly eventsUrls: EventsUrls,
    private readonly drain: DrainState,
    private readonly exposures: ExperimentExposures,
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
    @Inject(RUN_QUEUE) private readonly queue: RunQueue,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @param idempotencyScope the call that the key belongs to: keys of different calls have nothing to do with each other
   * @throws AppError: every refusal of the contract (402, 404, 409, 413, 422, 429, 503)
   */
  async start(principal: Principal, request: AdmissionRequest, idempotencyKey?: string, idempotencyScope = START_RUN): Promise<AdmittedRun> {
    const claim = Idempotency.claim(principal.userId, idempotencyScope, idempotencyKey, request);
    const replayed = await this.replay(claim);
    if (replayed) return this.present(principal, replayed);
    this.checkOpen();
    const place = await this.queue.reserve();
    if (!place) throw new AppError('queue_full', 'Too many runs are waiting. Try again in a moment.', { retryAfterMs: 5_000 });
    try {
      return await this.admit(principal, request, claim);
    } finally {
      void place.release();
    }
  }

  private async admit(principal: Principal, request: AdmissionRequest, claim: IdempotencyClaim | undefined): Promise<AdmittedRun> {
    const frame = this.planner.frame(principal, request);
    const [plan] = await Promise.all([
      this.planner.plan(principal, request, frame),
      this.planner.checkTokenRate(principal.userId, frame.limits),
      this.billing.ensureAccount(principal.userId),
    ]);
    this.checkSession(plan);
    try {
      const queue = await this.queue.state();
      const { stored, queuePosition, interrupted } = await this.prisma.$transaction((tx) => this.write(tx, principal, request, plan, claim, queue));
      await this.announce(stored.runId, queuePosition);
      await this.canceller.interrupt(interrupted, principal.userId); // only now: a message that is refused interrupts nothing
      await this.queue.enqueue([{ runId: stored.runId, userId: principal.userId }]);
      return this.present(principal, stored);
    } catch (error) {
      if (!Idempotency.lostRace(error, claim)) throw error;
      const winner = await this.replay(claim);
      if (!winner) throw error;
      return this.present(principal, winner);
    }
  }

  private checkOpen(): void {
    if (this.drain.isDraining) throw new AppError('draining', 'This instance is shutting down. Try again: another one will answer.', { retryAfterMs: 1_000 });
    if (this.limits.value('chat.refuseNewRuns')) throw new AppError('runs_refused', 'New runs are refused for now. Runs already going on are not affected.', { retryAfterMs: 60_000 });
  }

  private checkSession({ conversation, limits }: AdmissionPlan): void {
    const maxCalls = this.limits.of(limits, 'model.maxCallsPerSession');
    if ((conversation?.session?.modelCalls ?? 0) < maxCalls) return;
    throw new AppError('limit_exceeded', `This conversation has used its ${maxCalls} model calls. Start a new conversation.`, { extensions: { limit: 'model.maxCallsPerSession', value: maxCalls } });
  }

  private async write(tx: Database, principal: Principal, request: AdmissionRequest, plan: AdmissionPlan, claim: IdempotencyClaim | undefined, queue: QueueState): Promise<WrittenAdmission> {
    const ids: RunIds = {
      runId: newId(),
      conversationId: plan.conversation?.id ?? newId(),
      sessionId: plan.conversation?.session?.id ?? newId(),
      userMessageId: newId(),
      assistantMessageId: newId(),
    };
    const now = new Date(this.clock.now());
    // The reservation locks the user's account row, so the counts below are exact for this user.
    await this.billing.reserve(
      {
        userId: principal.userId,
        runId: ids.runId,
        iteration: 1,
        attempt: 1,
        model: plan.model.id,
        intent: plan.intent,
        inputTokens: Math.ceil(plan.estimatedInputTokens * this.limits.of(plan.limits, 'billing.ceilingFactor')),
        maxOutputTokens: plan.maxOutputTokens,
        minOutputTokens: Math.min(plan.maxOutputTokens, this.limits.of(plan.limits, 'model.minOutputTokens')),
        leaseMs: this.limits.of(plan.limits, `run.timeoutMs.${plan.intent}`) + this.limits.of(plan.limits, 'billing.holdLeaseMs'),
      },
      tx,
    );
    const maxRuns = this.limits.of(plan.limits, 'chat.maxConcurrentRunsPerUser');
    const before = await checkBusy(tx, { userId: principal.userId, conversationId: plan.conversation?.id, onBusy: request.onBusy, maxRuns });
    if (request.replaces) await rewindConversation(tx, ids.conversationId, request.replaces);
    const queuePosition = before.count > 0 || queue.isBusy ? before.count + queue.waiting : undefined;
    await this.writeRows(tx, principal, request, plan, ids, now, queuePosition === undefined ? 0 : 1);
    await this.exposures.record(tx, plan.limits, { userId: principal.userId, runId: ids.runId });
    const stored: StoredAdmission = {
      runId: ids.runId,
      conversationId: ids.conversationId,
      messageId: ids.assistantMessageId,
      intent: plan.intent,
      model: plan.model.id,
      limits: describeLimits(plan.limits, plan.intent),
      estimate: plan.estimate,
    };
    await Idempotency.store(tx, claim, ids.runId, stored, now);
    return { stored, queuePosition, interrupted: before.interrupted };
  }

  /** Opens the run's log, so that clients find it at once, and tells them when they have to wait. */
  private async announce(runId: string, queuePosition: number | undefined): Promise<void> {
    try {
      const writer = await this.log.openWriter(runId, 0, 0);
      if (queuePosition === undefined) return;
      writer.append({ type: 'run.queued', data: { position: queuePosition } });
      await writer.flush();
    } catch (error) {
      if (!(error instanceof FencedOutError)) throw error; // it runs already: an executor found it in the database
    }
  }

  private async writeRows(tx: Database, principal: Principal, request: AdmissionRequest, plan: AdmissionPlan, ids: RunIds, now: Date, lastSeq: number): Promise<void> {
    const { conversation, limits, estimate } = plan;
    if (conversation) {
      const { count } = await tx.conversation.updateMany({ where: { id: conversation.id }, data: { lastActiveAt: now } });
      if (count === 0) throw new AppError('conversation_not_found', 'This conversation has just been deleted. Leave conversationId out to begin a new one.');
    }
    await insertAdmission(tx, {
      ids,
      userId: principal.userId,
      projectId: plan.projectId,
      newConversation: conversation ? undefined : { title: titleOf(request.title ?? request.message), clientKey: request.clientKeys?.conversation },
      isNewSession: !conversation?.session,
      text: storableText(request.message),
      run: {
        clientKey: request.clientKeys?.run,
        intent: plan.intent,
        model: plan.model.id,
        onDisconnect: request.onDisconnect,
        limits: limits.values,
        limitsRevision: limits.revision,
        experimentArms: limits.arms,
        estimate: { ...estimate, uncalibratedInputTokens: plan.uncalibratedInputTokens },
        estimatedNanoUsd: BigInt(estimate.creditsNanoUsd),
        lastSeq,
      },
      now,
    });
  }

  private async replay(claim: IdempotencyClaim | undefined): Promise<StoredAdmission | undefined> {
    return (await Idempotency.replay(this.prisma, claim, new Date(this.clock.now()))) as StoredAdmission | undefined;
  }

  private present(principal: Principal, stored: StoredAdmission): AdmittedRun {
    return { ...stored, eventsUrl: this.eventsUrls.of(principal.userId, stored.runId) };
  }
}

/** What is kept for a replay; the ticket is made anew each time. */
type StoredAdmission = Omit<AdmittedRun, 'eventsUrl'>;

interface WrittenAdmission {
  readonly stored: StoredAdmission;
  /** How many runs go before this one; undefined when it begins at once. */
  readonly queuePosition: number | undefined;
  /** Runs that give way to it. */
  readonly interrupted: readonly string[];
}

function titleOf(message: string): string {
  const line = message.trim().split('\n', 1)[0]?.replaceAll('\0', '') ?? '';
  return line.length > TITLE_LENGTH ? `${line.slice(0, TITLE_LENGTH - 1)}…` : line;
}
