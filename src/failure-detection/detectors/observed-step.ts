/** One finished iteration as the detectors see it. */
export interface ObservedStep {
  readonly iteration: number;
  /** What the model said, thoughts not included. */
  readonly text: string;
  /** In the order of the answer; refused ones too. */
  readonly calls: readonly ObservedCall[];
}

/** A tool call as the model asked for it. */
export interface PlannedCall {
  readonly name: string;
  /** As the model gave it, unchecked. */
  readonly input: unknown;
  readonly readOnly: boolean;
  /** True when its answer depends on nothing but its input and the workspace, so that it may be remembered. Default false. */
  readonly answersFromWorkspace?: boolean;
}

/** A tool call with what became of it. */
export interface ObservedCall extends PlannedCall {
  /** False also for a command that ended with an error. */
  readonly ok: boolean;
  readonly errorCode?: string;
  /** What the model was given, be it remembered or the reason of a refusal. */
  readonly output: string;
  /** Rises whenever the content of the workspace changes. Of calls made together, those of the whole step will do. */
  readonly workspaceEpochBefore: number;
  readonly workspaceEpochAfter: number;
  readonly changedFiles?: readonly ChangedFile[];
}

export interface ChangedFile {
  readonly path: string;
  /** Hash of the content after the change; any constant for a deleted file. */
  readonly contentHash: string;
  /** Hash of the content before it, when known: finds an oscillation one edit earlier. */
  readonly previousContentHash?: string;
}
