import type { Restriction, RunMonitor } from '../../failure-detection/index.js';
import type { LimitsSnapshot } from '../../limits/index.js';
import type { LanguageModel, ModelContent } from '../../models/index.js';
import type { RunEventWriter, RunPhase } from '../../streaming/index.js';
import type { RunMemory, ToolPolicy, Workspace } from '../../tools/index.js';
import type { ContextDigest } from '../context/context-digest.js';
import type { RunRow } from '../runs/run-row.js';
import type { RunFence } from '../runs/run-store.js';
import type { WorkTime } from '../runs/work-time.js';
import type { AnswerText } from './answer-text.js';
import type { PromptAnchor } from './prompt-gauge.js';
import type { OpenStep, RunCheckpoint } from './run-checkpoints.js';
import type { RunStep } from './run-step.js';
import type { RunTotals } from './run-totals.js';

/** Everything about a run that is going on. The loop and its stages share it; nothing else holds state of a run. */
export interface RunContext {
  readonly row: RunRow;
  readonly fence: RunFence;
  readonly limits: LimitsSnapshot;
  readonly workspace: Workspace;
  readonly projectId: string;
  readonly policy: ToolPolicy;
  readonly history: readonly ModelContent[];
  readonly userMessage: string;
  readonly writer: RunEventWriter;
  readonly answer: AnswerText;
  readonly monitor: RunMonitor;
  /** What tools remember between their calls. */
  readonly toolMemory: RunMemory;
  /** Aborts with a RunStopped. */
  readonly signal: AbortSignal;
  readonly workTime: WorkTime;
  /** Calls the conversation session had made before this run. */
  readonly session: { readonly modelCalls: number; readonly toolCalls: number };
  model: LanguageModel;
  /** The last prompt of the conversation that was counted exactly. */
  promptAnchor?: PromptAnchor;
  /** The value of `model.emergencyModel` that `model` goes by. */
  emergencyModel?: string;
  steps: RunStep[];
  /** Whether what the run changes is kept, to be shown and undone. */
  isWatched: boolean;
  /** Where the run was left the last time; its calls come before anything else. */
  openStep?: OpenStep;
  /** Set when all that is left is the end: the run was left after its answer. */
  readonly lastAnswer?: RunCheckpoint['lastAnswer'];
  totals: RunTotals;
  phase: RunPhase;
  /** What the model is told with its next request. */
  nudge?: string;
  /** What the person is asked; the run ends with it once the step is done. */
  question?: string;
  /** Tools that the next request leaves out. */
  restriction?: Restriction;
  /** Attempts at the answer of the present iteration so far; each has a hold of its own. */
  attempts: number;
  /** What stands for the older part of the run in its prompts. */
  digest: ContextDigest;
  /** How often each pattern of tools has come, by step. */
  readonly toolFailures: Map<string, number>;
  /** Iterations that took too long. */
  iterationTimeouts: number;
  /** Times that the architect was asked. */
  consultations: number;
  /** The next iteration is the last: a detector saw that going on leads nowhere. */
  mustConclude: boolean;
  /** Whether something of this run is in the incident log. */
  hasIncidents: boolean;
  /** Milliseconds waited before retries, against `retry.maxBackoffMs`. */
  backoffMs: number;
}

const PHASE_ORDER: readonly RunPhase[] = ['thinking', 'planning', 'working', 'verifying', 'complete'];

/** Phases only go forward; each is told once. */
export function enterPhase(context: RunContext, phase: RunPhase): void {
  if (PHASE_ORDER.indexOf(phase) <= PHASE_ORDER.indexOf(context.phase)) return;
  context.phase = phase;
  context.writer.append({ type: 'run.phase', data: { phase } });
}
