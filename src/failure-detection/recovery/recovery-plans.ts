import type { FailurePatternKey } from '../patterns/failure-patterns.js';
import type { Backoff, RecoveryPlan, RecoveryStep } from './recovery-step.js';

/** For servers that need a rest: spread, so that not all clients come back at once. */
const patient: Backoff = { jitter: 0.3, heedsServer: true };
/** For connections that broke: nobody else came back at this moment. */
const prompt: Backoff = {};
/** For the own database: at once, then soon, then not so soon. */
const database: Backoff = { firstShare: 0.2, factor: 5 };

const again = (attempts: number, backoff?: Backoff): RecoveryStep => ({ strategy: 'retry', action: 'retry', attempts, backoff });
const tellTheModel = (nudge: string, attempts = Infinity): RecoveryStep => ({ strategy: 'retry', action: 'continue', attempts, nudge });
const askAgainSaying = (nudge: string, attempts: number): RecoveryStep => ({ strategy: 'retry', action: 'retry', attempts, nudge });
const goOn: RecoveryStep = { strategy: 'retry', action: 'continue', attempts: Infinity };
const inOnePiece: RecoveryStep = { strategy: 'fallback', action: 'retry', attempts: 1, inOnePiece: true };
const otherModel: RecoveryStep = { strategy: 'fallback', action: 'retry', attempts: 1, useFallbackModel: true };
const architect = (nudge: string): RecoveryStep => ({ strategy: 'escalate', action: 'retry', attempts: 1, consultArchitect: true, nudge });

const BROKEN_STREAM: RecoveryPlan = { steps: [again(3, prompt), inOnePiece, otherModel] };
const NOTHING_HELPS: RecoveryPlan = { steps: [] };

const CALL_TOOLS_RIGHT =
  'Your last answer contained a tool call that could not be read. Call one of the offered tools by its exact name, with arguments that are valid JSON and match its schema.';
const SMALLER_STEPS = 'Your last answer was cut off because it was too long. Go in smaller steps: change one part at a time, with edits rather than whole files, and keep your words few.';
const SAY_IT_ONCE = 'Your last answer repeated one passage over and over and was broken off. Say each thing once, or call a tool.';
const BE_USEFUL = 'Your last answer was empty. Either call a tool that brings the task forward, or answer the user now.';

/** What is tried against each failure. A run's budget (`retry.*`) ends it earlier. */
export const RECOVERY_PLANS: Readonly<Record<FailurePatternKey, RecoveryPlan>> = {
  daily_quota: NOTHING_HELPS,
  rate_limit: { steps: [again(4, patient), otherModel] },
  overloaded: { steps: [again(4, patient), otherModel] },
  stream_timeout: BROKEN_STREAM,
  stream_data_loss: BROKEN_STREAM,
  malformed_response: BROKEN_STREAM,
  model_set_aside: { steps: [otherModel, again(3, patient)] },
  connection_failed: { steps: [again(3, prompt), otherModel] },
  model_failed: { steps: [again(1, prompt), otherModel] },
  token_limit: { steps: [{ strategy: 'retry', action: 'retry', attempts: 1, compactHistory: true }] },
  missing_signature: { steps: [{ strategy: 'retry', action: 'retry', attempts: 1, repairHistory: true }] },
  authentication: NOTHING_HELPS,
  request_refused: NOTHING_HELPS,
  safety_stop: NOTHING_HELPS,
  max_tokens: { steps: [askAgainSaying(SMALLER_STEPS, 2), architect(SMALLER_STEPS)] },
  malformed_function_call: { steps: [askAgainSaying(CALL_TOOLS_RIGHT, 2), architect(CALL_TOOLS_RIGHT)] },
  // How often is up to iteration.maxEmpty and thinking.maxConsecutive.
  empty_answer: { steps: [askAgainSaying(BE_USEFUL, Infinity), otherModel] },

  tool_failed: { steps: [goOn] },
  tool_timeout: { steps: [tellTheModel('A tool took too long and was ended. Ask it for less, e.g. a single test or a narrower path, or do something else first.')] },
  typescript_errors: { steps: [goOn] },
  lsp_diagnostics: { steps: [goOn] },
  disk_full: { steps: [tellTheModel('There is no space left. Write nothing more until you have deleted files that you made and no longer need.', 1)], summarise: true },
  out_of_memory: { steps: [tellTheModel('The process ran out of memory. Work on less at once, e.g. a single test file.', 1)], summarise: true },
  database: { steps: [again(3, database)] },

  iteration_timeout: { steps: [askAgainSaying('The last step took too long and was ended. Do less in this one: a single, quick tool call, or the answer.', 1)], summarise: true },
  instance_crash: { steps: [goOn] },
  chanting: { steps: [askAgainSaying(SAY_IT_ONCE, 2), otherModel] },
  // The ladder of the detectors decides about these; the plans hold where somebody asks without one.
  infinite_loop: { steps: [tellTheModel('You repeat yourself. Do something else.', 1), architect('You repeat yourself. Do something else.')], summarise: true },
  decision_loop: { steps: [tellTheModel('Decide for one way and follow it.', 1), architect('Decide for one way and follow it.')], summarise: true },
  edit_oscillation: { steps: [tellTheModel('You change a file back and forth. Decide for one state.', 1), architect('You change a file back and forth.')], summarise: true },
  analysis_paralysis: { steps: [tellTheModel('You have read enough. Make the change now.')] },
};
