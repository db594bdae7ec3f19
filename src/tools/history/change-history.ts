import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { Workspace } from '../workspace/workspace.js';
import { HistoryFolder } from './history-folder.js';
import { restoreChanges } from './restore.js';
import { compareTrees, type TreeChange, type TreeEntry } from './tree-entry.js';
import { TooLargeToWatchError, TreeScanner } from './tree-scan.js';
import { formatDiff, type RunDiff } from './unified-diff.js';

/** A run and the workspace it worked on. */
export interface WatchedRun {
  readonly runId: string;
  readonly projectId: string;
  readonly workspace: Workspace;
}

/** One whose changes somebody asks for. */
export interface LookedAtRun extends WatchedRun {
  readonly hasEnded: boolean;
  /** Whether it ran anything that changes files: then nothing kept means that it is no longer kept. */
  readonly mayHaveChanged: boolean;
}

export interface UndoneRun {
  /** Paths that are as they were before the run. */
  readonly restored: readonly string[];
  readonly undoneAt: string;
}

/** Milliseconds that a content nobody refers to yet is left alone: a look may be about to. */
const SWEEP_RESPITE = 3_600_000;

/**
 * What each run changed in its workspace, by comparing the whole of it before the first change and at the end: commands
 * change files too, and say nothing of it. Contents are kept beside the workspaces and not with git, so that no
 * repository, hook, attribute or setting of the project has a say in it. Runs at the same time on one project see each
 * other's changes as their own.
 */
@Injectable()
export class ChangeHistory {
  /** Per project, so that no two look or restore at the same time. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Called before a run changes something; only the first time does anything. */
  begin(run: WatchedRun): Promise<void> {
    return this.inTurn(run.projectId, async (folder) => {
      if (await folder.readRecord(run.runId)) return;
      try {
        const tree = await this.look(folder, run.workspace);
        await folder.writeRecord(run.runId, { state: 'open', before: [...tree] });
      } catch (error) {
        if (!(error instanceof TooLargeToWatchError)) throw error;
        await folder.writeRecord(run.runId, { state: 'unwatched', reason: error.message });
      }
      await folder.trim(this.limits.value('history.maxRunsPerProject'), this.clock.now() - SWEEP_RESPITE);
    });
  }

  /** Called when a run has ended: what changes from now on is not its doing. */
  async end(run: WatchedRun): Promise<void> {
    await this.inTurn(run.projectId, async (folder) => {
      await this.changesOf(folder, { ...run, hasEnded: true, mayHaveChanged: false });
    });
  }

  /**
   * What a run changed, up to now when it goes on.
   * @throws AppError `history_unavailable`
   */
  diff(run: LookedAtRun): Promise<RunDiff> {
    return this.inTurn(run.projectId, async (folder) => {
      const { changes, undoneAt } = await this.changesOf(folder, run);
      const bounds = { maxBytes: this.limits.value('history.maxDiffBytes'), timeMs: this.limits.value('history.diffTimeMs') };
      return { ...(await formatDiff(changes, folder.objects, bounds, this.clock)), undoneAt: undoneAt ?? null };
    });
  }

  /**
   * Puts back what a run changed. All or nothing is decided before anything is written; going on after a crash is asking again.
   * @throws AppError `workspace_changed` when a file is not as the run left it, `history_unavailable`
   */
  undo(run: LookedAtRun): Promise<UndoneRun> {
    return this.inTurn(run.projectId, async (folder) => {
      const { changes, undoneAt } = await this.changesOf(folder, run);
      const restored = changes.map(({ path }) => path);
      if (undoneAt) return { restored, undoneAt };
      await run.workspace.change(async () => {
        const present = await this.look(folder, run.workspace).catch(explainTooLarge);
        await restoreChanges(run.workspace.root, changes, present, folder.objects);
      });
      const at = new Date(this.clock.now()).toISOString();
      await folder.writeRecord(run.runId, { state: 'closed', changes, undoneAt: at });
      return { restored, undoneAt: at };
    });
  }

  /**
   * Forgets runs and the contents that only they needed.
   * @param isInUse whether a run works on the project: young contents may then be those of a look that goes on elsewhere
   * @returns false when contents are left for that; to be called again later
   */
  async forgetRuns(projectId: string, runIds: readonly string[], isInUse: boolean): Promise<boolean> {
    const left = await this.inTurn(projectId, async (folder) => {
      await folder.forgetRuns(runIds);
      return folder.sweep(isInUse ? this.clock.now() - SWEEP_RESPITE : Infinity);
    });
    return left === 0;
  }

  async forgetProject(projectId: string): Promise<void> {
    await this.inTurn(projectId, (folder) => folder.remove());
  }

  private async changesOf(folder: HistoryFolder, run: LookedAtRun): Promise<{ changes: readonly TreeChange[]; undoneAt?: string }> {
    const record = await folder.readRecord(run.runId);
    if (!record && run.mayHaveChanged) throw new AppError('history_unavailable', 'The changes of this run are no longer kept.');
    if (!record) return { changes: [] };
    if (record.state === 'closed') return record;
    if (record.state === 'unwatched') throw unavailable(record.reason);
    const changes = compareTrees(new Map(record.before), await this.look(folder, run.workspace).catch(explainTooLarge));
    if (run.hasEnded) await folder.writeRecord(run.runId, { state: 'closed', changes });
    return { changes };
  }

  private async look(folder: HistoryFolder, workspace: Workspace): Promise<ReadonlyMap<string, TreeEntry>> {
    const bounds = { maxFiles: this.limits.value('history.maxFiles'), maxDepth: this.limits.value('history.maxDepth'), maxBytes: this.limits.value('history.maxBytes') };
    const { tree, known } = await new TreeScanner(folder.objects, await folder.readKnown(), bounds, this.clock).scan(workspace.root);
    await folder.writeKnown(known);
    return tree;
  }

  private inTurn<Result>(projectId: string, work: (folder: HistoryFolder) => Promise<Result>): Promise<Result> {
    const folder = new HistoryFolder(join(this.config.workspaces.directory, '.history', projectId));
    const before = this.turns.get(projectId) ?? Promise.resolve();
    const result = before.then(() => work(folder));
    const settled = result.then(
      () => undefined,
      () => undefined, // its caller hears of it; the next one only waits
    );
    this.turns.set(projectId, settled);
    void settled.then(() => this.turns.get(projectId) === settled && this.turns.delete(projectId));
    return result;
  }
}

function explainTooLarge(error: unknown): never {
  throw error instanceof TooLargeToWatchError ? unavailable(error.message) : error;
}

function unavailable(reason: string): AppError {
  return new AppError('history_unavailable', `The changes of this run are not kept: its workspace has ${reason}.`);
}
