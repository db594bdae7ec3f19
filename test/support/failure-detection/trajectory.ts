import type { Intent } from '../../../src/common/index.js';
import type { ChangedFile, ObservedCall, ObservedStep } from '../../../src/failure-detection/index.js';

type Call = Omit<ObservedCall, 'workspaceEpochBefore' | 'workspaceEpochAfter'>;

/** A call to be made together with others in one step. */
export interface PlannedAct {
  readonly call: Call;
  readonly edit?: { readonly path: string; readonly content: string };
}

export const read = (path: string, output: string, input: object = { path }): PlannedAct => ({ call: { name: 'read_file', input, readOnly: true, ok: true, output } });
export const search = (query: string, output: string): PlannedAct => ({ call: { name: 'search_text', input: { query }, readOnly: true, ok: true, output } });
export const list = (path: string, output: string): PlannedAct => ({ call: { name: 'list_files', input: { path }, readOnly: true, ok: true, output } });
export const ask = (name: string, input: object, output: string): PlannedAct => ({ call: { name, input, readOnly: true, ok: true, output } });
export const run = (command: string, output: string, ok = true): PlannedAct => ({
  call: { name: 'run_command', input: { command }, readOnly: false, ok, output, ...(ok ? {} : { errorCode: 'command_failed' }) },
});
export const edit = (path: string, content: string): PlannedAct => ({
  call: { name: 'write_file', input: { path, content }, readOnly: false, ok: true, output: `Wrote ${path}` },
  edit: { path, content },
});
export const failedEdit = (path: string, oldText: string): PlannedAct => ({
  call: { name: 'edit_file', input: { path, oldText, newText: 'x' }, readOnly: false, ok: false, errorCode: 'no_match', output: `"${oldText}" is not in ${path}` },
});

/** Writes down what an agent does, step by step, and keeps the workspace epoch and the contents as a real workspace would. */
export class Trajectory {
  readonly steps: ObservedStep[] = [];
  private readonly contents = new Map<string, string>();
  private epoch = 0;

  constructor(
    readonly name: string,
    readonly intent: Intent = 'default',
  ) {}

  /** One step with these calls, made together. */
  do(...acts: PlannedAct[]): this {
    return this.step('', acts);
  }

  /** One step of mere words. */
  say(text: string): this {
    return this.step(text, []);
  }

  private step(text: string, acts: readonly PlannedAct[]): this {
    const workspaceEpochBefore = this.epoch;
    const changed = acts.map((act) => this.change(act));
    const workspaceEpochAfter = this.epoch;
    const calls = acts.map(({ call }, index) => ({ ...call, workspaceEpochBefore, workspaceEpochAfter, ...(changed[index] && { changedFiles: [changed[index]] }) }));
    this.steps.push({ iteration: this.steps.length + 1, text, calls });
    return this;
  }

  private change({ edit: made }: PlannedAct): ChangedFile | undefined {
    if (!made || this.contents.get(made.path) === made.content) return undefined;
    const previousContentHash = this.contents.get(made.path);
    this.contents.set(made.path, made.content);
    this.epoch++;
    return { path: made.path, contentHash: made.content, ...(previousContentHash !== undefined && { previousContentHash }) };
  }
}

/** `count` times, with the index. */
export function times(count: number, action: (index: number) => void): void {
  for (let index = 0; index < count; index++) action(index);
}
