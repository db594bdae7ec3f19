import type { RunEventData } from '../../streaming/index.js';
import type { Interrupt } from './ag-ui-event.js';
import { toolCallIdOf } from './message-ids.js';

const RESPONSE_SCHEMA = {
  type: 'object',
  properties: { approved: { type: 'boolean' }, reason: { type: 'string', description: 'Told to the model when the answer is no.' } },
  required: ['approved'],
};

/** An interrupt has the id of its call. @returns undefined when it is none of our ids */
export function parseInterruptId(interruptId: string): { readonly runId: string; readonly callId: string } | undefined {
  const [, runId, callId] = /^([0-9a-f-]{36}):(\P{Cc}{1,500})$/u.exec(interruptId) ?? [];
  return runId !== undefined && callId !== undefined ? { runId, callId } : undefined;
}

export function interruptOf(runId: string, { callId, name, expiresAt }: Pick<RunEventData['tool.approval_requested'], 'callId' | 'name'> & { expiresAt?: string }): Interrupt {
  const id = toolCallIdOf(runId, callId);
  return { id, reason: 'tool_call', message: `May ${name} run?`, toolCallId: id, responseSchema: RESPONSE_SCHEMA, ...(expiresAt === undefined ? {} : { expiresAt }) };
}
