import { HttpAgent, type Message, type RunAgentParameters } from '@ag-ui/client';
import { AgUiStreamProtocol } from '../../../src/gateways/ag-ui/ag-ui.stream-protocol.js';
import { runAgentInputSchema } from '../../../src/gateways/ag-ui/run-agent-input.schema.js';
import { SharedFrames } from '../../../src/gateways/ag-ui/shared-frames.js';
import { toWire } from '../../../src/streaming/connection/event-stream-response.js';
import type { LoggedEvent, RunEventBody } from '../../../src/streaming/index.js';

export const LOMU_RUN_ID = '0198c0de-0000-7000-8000-00000000000a';

export function logged(bodies: readonly RunEventBody[], firstSeq = 1): LoggedEvent[] {
  return bodies.map((body, index) => ({ event: Object.assign({ runId: LOMU_RUN_ID, seq: firstSeq + index, at: 0 }, body), json: '' }));
}

/**
 * What the server answers to a run of the client, from events of a log.
 * @param batchSize how many events come together
 */
export function agUiWire(events: readonly LoggedEvent[], requestBody: string, batchSize = events.length, shared = new SharedFrames()): Buffer {
  const { threadId, runId, messages, resume = [] } = runAgentInputSchema.parse(JSON.parse(requestBody));
  const protocol = new AgUiStreamProtocol({ threadId, runId, lomuRunId: LOMU_RUN_ID, answeredCallIds: resume.map(({ interruptId }) => interruptId.callId) }, messages, shared);
  const frames = [...protocol.opening(), { comment: 'open' }];
  for (let at = 0; at < events.length && !protocol.isOver; at += batchSize) frames.push(...protocol.frames(events.slice(at, at + batchSize)), { comment: 'heartbeat' });
  if (!protocol.isOver) throw new Error('The events end without an end.');
  return Buffer.from(frames.map(toWire).join(''));
}

/** An unmodified client of a server that answers with these bytes. A promise that never settles is a connection that stays. */
export function agentOf(answer: (requestBody: string) => { readonly pieces: readonly Uint8Array[]; readonly isBroken?: boolean }, initialMessages: Message[] = []): HttpAgent {
  return new HttpAgent({
    url: 'http://lomu.invalid/api/ag-ui',
    threadId: 'thread',
    initialMessages,
    fetch: async (_, { body }) => {
      const { pieces, isBroken = false } = answer(body as string);
      const left = [...pieces];
      const read = async (): Promise<{ done: boolean; value?: Uint8Array }> => {
        const value = left.shift();
        if (value) return { done: false, value };
        if (isBroken) throw new TypeError('terminated');
        return { done: true };
      };
      const response = new Response(null, { headers: { 'content-type': 'text/event-stream' } });
      return Object.defineProperty(response, 'body', { value: { getReader: () => ({ read, cancel: async () => undefined }) } });
    },
  });
}

/** Says yes to all that is asked. */
export function approving(agent: HttpAgent): RunAgentParameters {
  return { resume: agent.pendingInterrupts.map(({ id }) => ({ interruptId: id, status: 'resolved', payload: { approved: true } })) };
}
