import { parentPort } from 'node:worker_threads';
import { ToolError, type ToolErrorCode } from '../tool-error.js';
import { runJob } from './run-job.js';
import type { ReportOf, TraversalJob } from './traversal-job.js';

/** What the thread says about the one job it has. */
export type WorkerMessage<Report = ReportOf<TraversalJob>> =
  | { readonly type: 'progress'; readonly text: string }
  | { readonly type: 'report'; readonly report: Report }
  | { readonly type: 'refused'; readonly code: ToolErrorCode; readonly message: string };

const post = (message: WorkerMessage): void => parentPort?.postMessage(message);

parentPort?.on('message', (job: TraversalJob) => {
  try {
    post({ type: 'report', report: runJob(job, (text) => post({ type: 'progress', text })) });
  } catch (error) {
    if (!(error instanceof ToolError)) throw error; // ends the thread; whoever waits hears of it
    post({ type: 'refused', code: error.code, message: error.message });
  }
});
