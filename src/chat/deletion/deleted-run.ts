/** A run whose rows are gone. */
export interface DeletedRun {
  readonly id: string;
  readonly projectId: string | null;
}

/** Notifications that runs are deleted. */
export const DELETED_RUNS = 'lomu_runs_deleted';

export interface DeletionMessage {
  readonly runIds: readonly string[];
  /** Tool outputs that were kept whole for these runs. */
  readonly outputRefs: readonly string[];
}

/** A notification takes 8000 bytes; these are 100 ids. */
const IDS_PER_MESSAGE = 100;

export function deletionMessages(runIds: readonly string[], outputRefs: readonly string[]): string[] {
  const ofRuns = chunks(runIds).map((ids): DeletionMessage => ({ runIds: ids, outputRefs: [] }));
  const ofOutputs = chunks(outputRefs).map((refs): DeletionMessage => ({ runIds: [], outputRefs: refs }));
  return [...ofRuns, ...ofOutputs].map((message) => JSON.stringify(message));
}

function chunks(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / IDS_PER_MESSAGE) }, (_, index) => ids.slice(index * IDS_PER_MESSAGE, (index + 1) * IDS_PER_MESSAGE));
}
