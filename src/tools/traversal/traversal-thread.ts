import { Worker } from 'node:worker_threads';
import { ToolError } from '../tool-error.js';
import type { ReportOf, TraversalJob } from './traversal-job.js';
import type { WorkerMessage } from './traversal.worker.js';

const MAX_HEAP_MEBIBYTES = 512;

export interface JobOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** One worker thread, doing one job at a time. It keeps the process alive only while it works. */
export class TraversalThread {
  /** False once the thread has ended, by itself or because it was ended. */
  isUsable = true;
  private readonly worker: Worker;
  private fail: ((error: Error) => void) | undefined;

  constructor() {
    // An empty environment: what walks over a workspace has no use for the server's (I5).
    this.worker = new Worker(new URL('./traversal.worker.js', import.meta.url), { env: {}, resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEBIBYTES } });
    this.worker.on('error', (error) => this.onEnd(explainCrash(error)));
    this.worker.on('exit', () => this.onEnd(new Error('the traversal thread ended')));
    this.worker.unref();
  }

  /**
   * @throws ToolError for what the model can act on, after which the thread is as good as new; the signal's reason when it aborts,
   * after which the thread is gone
   */
  async perform<Job extends TraversalJob>(job: Job, { signal, onProgress }: JobOptions): Promise<ReportOf<Job>> {
    signal.throwIfAborted();
    const onAbort = (): void => {
      this.fail?.(signal.reason as Error);
      void this.end();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await this.converse<ReportOf<Job>>(job, onProgress);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async end(): Promise<void> {
    this.isUsable = false;
    await this.worker.terminate();
  }

  private async converse<Report>(job: TraversalJob, onProgress: (text: string) => void): Promise<Report> {
    let onMessage: (message: WorkerMessage<Report>) => void = () => undefined;
    try {
      return await new Promise<Report>((resolve, reject) => {
        this.fail = reject;
        onMessage = (message) => {
          if (message.type === 'progress') onProgress(message.text);
          else if (message.type === 'report') resolve(message.report);
          else reject(new ToolError(message.code, message.message));
        };
        this.worker.on('message', onMessage);
        this.worker.ref();
        this.worker.postMessage(job);
      });
    } finally {
      this.fail = undefined;
      this.worker.off('message', onMessage);
      this.worker.unref();
    }
  }

  private onEnd(reason: Error): void {
    this.isUsable = false;
    this.fail?.(reason);
  }
}

function explainCrash(error: unknown): Error {
  const isOutOfMemory = (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY';
  if (isOutOfMemory) return new ToolError('too_large', 'This takes more memory than there is for it. Look at a smaller part of the tree.', { cause: error });
  return error instanceof Error ? error : new Error('the traversal thread failed', { cause: error });
}
