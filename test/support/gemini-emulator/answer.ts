import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordedCall } from './recorded-call.js';
import { mergeResponses, type RenderedStep } from './render-turn.js';
import type { WireResponse } from './wire.js';

interface Answer {
  readonly call: RecordedCall;
  readonly response: ServerResponse;
  readonly steps: readonly RenderedStep[];
  readonly paceMs: number;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
}

/** Plays the steps as server-sent events. */
export async function answerStream({ call, response, steps, paceMs, gone }: Answer): Promise<void> {
  const write = async (bytes: string | Buffer): Promise<void> => {
    if (!response.headersSent) sendStreamHeaders(response);
    if (!response.write(bytes)) await once(response, 'drain', { signal: gone });
  };
  for (const step of steps) {
    if (gone.aborted) return;
    switch (step.kind) {
      case 'response':
        if (paceMs > 0) await sleep(paceMs, undefined, { signal: gone });
        call.usage = step.response.usageMetadata ?? call.usage;
        await write(`data: ${JSON.stringify(step.response)}\r\n\r\n`);
        break;
      case 'raw':
        await write(step.bytes);
        break;
      case 'error_chunk':
        await write(`data: ${step.error.body.replace(/\s*\n\s*/g, '')}\r\n\r\n`);
        return finish(call, response, 'faulted');
      case 'headers':
        sendStreamHeaders(response);
        response.flushHeaders();
        break;
      case 'cut':
        if (!response.headersSent) sendStreamHeaders(response);
        return finish(call, response, 'faulted');
      default:
        if (await playCommon(step, call, response, gone)) return;
    }
  }
  finish(call, response, 'completed');
}

/** Plays the same steps as one JSON document, which arrives when the whole stream would have. */
export async function answerUnary({ call, response, steps, paceMs, gone }: Answer): Promise<void> {
  const responses: WireResponse[] = [];
  const raw: Buffer[] = [];
  for (const step of steps) {
    if (gone.aborted) return;
    if (step.kind === 'response') {
      if (paceMs > 0) await sleep(paceMs, undefined, { signal: gone });
      responses.push(step.response);
    } else if (step.kind === 'raw') {
      raw.push(step.bytes);
    } else if (step.kind === 'error_chunk') {
      response.writeHead(step.error.httpStatus, { 'content-type': 'application/json; charset=UTF-8' }).write(step.error.body);
      return finish(call, response, 'faulted');
    } else if (step.kind !== 'headers' && step.kind !== 'cut') {
      if (await playCommon(step, call, response, gone)) return;
    }
  }
  response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' });
  if (raw.length > 0) response.write(Buffer.concat(raw));
  else if (responses.length === 0) response.write('{}');
  else {
    const merged = mergeResponses(responses);
    call.usage = merged.usageMetadata;
    response.write(JSON.stringify(merged));
  }
  finish(call, response, steps.some((step) => step.kind === 'cut') ? 'faulted' : 'completed');
}

/** @returns whether the answer is over */
async function playCommon(
  step: Exclude<RenderedStep, { kind: 'response' | 'raw' | 'error_chunk' | 'headers' | 'cut' }>,
  call: RecordedCall,
  response: ServerResponse,
  gone: AbortSignal,
): Promise<boolean> {
  switch (step.kind) {
    case 'pause':
      await sleep(step.durationMs, undefined, { signal: gone });
      return false;
    case 'wait':
      await step.work();
      return false;
    case 'http':
      response.writeHead(step.status, step.headers).write(step.body);
      finish(call, response, 'completed');
      return true;
    case 'reset':
      // Lets what was written before reach the client, so that the reset really falls mid-stream.
      await sleep(5);
      call.end('faulted');
      response.socket?.resetAndDestroy();
      return true;
    default:
      if (!gone.aborted) await once(gone, 'abort');
      return true;
  }
}

function sendStreamHeaders(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'private', 'x-content-type-options': 'nosniff' });
}

function finish(call: RecordedCall, response: ServerResponse, outcome: 'completed' | 'faulted'): void {
  response.end(() => call.end(outcome));
}
