import { Module } from '@nestjs/common';
import { BillingModule } from '../billing/index.js';
import { CLOCK, type Clock } from '../common/index.js';
import { FailureDetectionModule } from '../failure-detection/index.js';
import { type Limits, LIMITS_READER } from '../limits/index.js';
import { Metrics } from '../metrics/index.js';
import { ModelsModule } from '../models/index.js';
import { REDIS, type RedisServer } from '../redis/index.js';
import { StreamingModule } from '../streaming/index.js';
import { ToolsModule } from '../tools/index.js';
import { AdmissionPlanner } from './admission/admission-plan.js';
import { EstimateController } from './admission/estimate.controller.js';
import { RunAdmission } from './admission/run-admission.js';
import { ApprovalGate } from './approvals/approval-gate.js';
import { ApprovalsController } from './approvals/approvals.controller.js';
import { RunSuspender } from './approvals/run-suspender.js';
import { ToolApprovals } from './approvals/tool-approvals.js';
import { Architect } from './architect/architect.js';
import { ClientRuns } from './client-keys/client-runs.js';
import { KeyedAdmission } from './client-keys/keyed-admission.js';
import { Compaction } from './context/compaction.js';
import { RunChanges } from './changes/run-changes.js';
import { RunChangesController } from './changes/run-changes.controller.js';
import { ConversationDeletion } from './deletion/conversation-deletion.js';
import { EventLogTrim } from './deletion/event-log-trim.js';
import { RunRemains } from './deletion/run-remains.js';
import { RunRetention } from './deletion/run-retention.js';
import { RunRows } from './deletion/run-rows.js';
import { ConversationStore } from './conversations/conversation-store.js';
import { ConversationsController } from './conversations/conversations.controller.js';
import { ConversationHistory } from './conversations/history.js';
import { AgentLoop } from './loop/agent-loop.js';
import { AnswerStage } from './loop/answer-stage.js';
import { EmergencyModel } from './loop/emergency-model.js';
import { FailureReporter } from './loop/failure-reporter.js';
import { IterationTimeouts } from './loop/iteration-timeouts.js';
import { ModelStage } from './loop/model-stage.js';
import { PatientStorage } from './loop/patient-storage.js';
import { PromptBuilder } from './loop/prompt-builder.js';
import { PromptGauge } from './loop/prompt-gauge.js';
import { RunCheckpoints } from './loop/run-checkpoints.js';
import { RunContextFactory } from './loop/run-context.factory.js';
import { RetryPreparation } from './loop/retry-preparation.js';
import { RunExecutor } from './loop/run-executor.js';
import { SideCalls } from './loop/side-call.js';
import { StepReview } from './loop/step-review.js';
import { ToolFailures } from './loop/tool-failures.js';
import { ToolServices } from './loop/tool-services.js';
import { RunTraces } from './loop/run-traces.js';
import { ToolStage } from './loop/tool-stage.js';
import { InProcessRunQueue } from './queue/in-process.run-queue.js';
import { RunDispatcher } from './queue/run-dispatcher.js';
import { RUN_QUEUE, type RunQueue } from './queue/run-queue.port.js';
import { ActiveRuns } from './runs/active-runs.js';
import { DisconnectWatch } from './runs/disconnect-watch.js';
import { EventsUrls } from './runs/events-url.js';
import { RunCanceller } from './runs/run-canceller.js';
import { RunDirectoryModule } from './runs/run-directory.module.js';
import { RunEnder } from './runs/run-ender.js';
import { RunHandOver } from './runs/run-hand-over.js';
import { RunFinisher } from './runs/run-finisher.js';
import { RunLeases } from './runs/run-leases.js';
import { RunPresenter } from './runs/run-presenter.js';
import { RunReaper } from './runs/run-reaper.js';
import { RunTimelineController } from './runs/run-timeline.controller.js';
import { RunTimeline } from './runs/run-timeline.js';
import { RunStore } from './runs/run-store.js';
import { RunsController } from './runs/runs.controller.js';

/** Coordinates the floors below. */
@Module({
  imports: [ModelsModule, StreamingModule, BillingModule, ToolsModule, FailureDetectionModule, RunDirectoryModule],
  controllers: [RunsController, RunTimelineController, ApprovalsController, RunChangesController, ConversationsController, EstimateController],
  providers: [
    RunAdmission,
    AdmissionPlanner,
    ClientRuns,
    KeyedAdmission,
    ConversationStore,
    ConversationHistory,
    ConversationDeletion,
    RunRows,
    RunRemains,
    RunRetention,
    EventLogTrim,
    RunStore,
    RunFinisher,
    RunEnder,
    RunHandOver,
    RunLeases,
    RunReaper,
    RunCanceller,
    RunPresenter,
    RunTimeline,
    ActiveRuns,
    DisconnectWatch,
    EventsUrls,
    RunChanges,
    ApprovalGate,
    RunSuspender,
    ToolApprovals,
    RunExecutor,
    RunCheckpoints,
    RunContextFactory,
    AgentLoop,
    AnswerStage,
    RetryPreparation,
    Compaction,
    ToolFailures,
    PatientStorage,
    IterationTimeouts,
    SideCalls,
    Architect,
    EmergencyModel,
    FailureReporter,
    ModelStage,
    RunTraces,
    ToolStage,
    ToolServices,
    StepReview,
    PromptBuilder,
    PromptGauge,
    RunDispatcher,
    {
      provide: RUN_QUEUE,
      inject: [LIMITS_READER, CLOCK, Metrics, { token: REDIS, optional: true }],
      useFactory: async (limits: Limits, clock: Clock, metrics: Metrics, redis: RedisServer | undefined): Promise<RunQueue> => {
        if (!redis) return new InProcessRunQueue(limits, metrics); // BullMQ is not even loaded
        const { BullMqRunQueue } = await import('./queue/bullmq.run-queue.js');
        return new BullMqRunQueue(redis, limits, clock, metrics);
      },
    },
  ],
  exports: [RunAdmission, KeyedAdmission, ClientRuns, RunCanceller, ConversationStore, ToolApprovals, RunReaper, RunDispatcher, ConversationDeletion, RunRemains, RunRetention, EventLogTrim],
})
export class ChatModule {}
