import type { MessageEvent } from '@nestjs/common';
import type { Response } from 'express';
import type { Observable } from 'rxjs';
import { failed } from './completion-projector.js';
import { type CompletionHead, toOpenAiUsage, type WholeCompletionProtocol } from './completion.stream-protocol.js';

/** One answer, once the run is over. Leaves a client alone that has gone meanwhile: its response closes no second time. */
export function writeWhole(response: Response, frames: Observable<MessageEvent>, head: CompletionHead, protocol: WholeCompletionProtocol): void {
  if (response.closed) return;
  const subscription = frames.subscribe({ complete: () => answerWhole(response, head, protocol) });
  response.on('close', () => subscription.unsubscribe());
}

function answerWhole(response: Response, head: CompletionHead, protocol: WholeCompletionProtocol): void {
  if (response.destroyed || response.headersSent) return;
  const end = protocol.parts.at(-1);
  if (end?.kind !== 'finished') {
    const { status, body } = end?.kind === 'failed' ? end : failed('internal_error', 'The answer did not end.');
    // These clients repeat some failures by themselves. The run has cost something and may have changed files.
    response.status(status).setHeader('X-Should-Retry', 'false').json(body);
    return;
  }
  const choice = { index: 0, message: { role: 'assistant', content: protocol.text, refusal: null }, logprobs: null, finish_reason: end.reason };
  response.json({ id: head.id, object: 'chat.completion', created: head.created, model: head.model, choices: [choice], usage: toOpenAiUsage(end.usage) });
}
