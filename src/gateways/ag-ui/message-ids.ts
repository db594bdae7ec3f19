/** Everything that a client keeps of a run is named after it: of two runs in a thread nothing has the same id, and what is of this run can be told from the rest. */
export function messageIdOf(runId: string, number: number): string {
  return `${runId}:${number}`;
}

/** Of what was thought before the message. */
export function reasoningIdOf(messageId: string): string {
  return `${messageId}:reasoning`;
}

/** Calls are named uniquely within a run only. */
export function toolCallIdOf(runId: string, callId: string): string {
  return `${runId}:${callId}`;
}

export function resultIdOf(runId: string, callId: string): string {
  return `${toolCallIdOf(runId, callId)}:result`;
}

export function isMessageOf(runId: string, { id }: { readonly id: string }): boolean {
  return id.startsWith(`${runId}:`);
}
