/** Something that tools of one kind remember during a run. One object per kind, made at load. */
export interface MemorySlot<State> {
  readonly create: () => State;
}

export function memorySlot<State>(create: () => State): MemorySlot<State> {
  return { create };
}

/** What the tools of a run remember between their calls. It goes with the run, and with the instance that works on it. */
export class RunMemory {
  /** Counts the answers of the model whose calls were run, from 1. */
  step = 0;
  private readonly states = new Map<MemorySlot<unknown>, unknown>();

  of<State>(slot: MemorySlot<State>): State {
    if (!this.states.has(slot)) this.states.set(slot, slot.create());
    return this.states.get(slot) as State;
  }
}
