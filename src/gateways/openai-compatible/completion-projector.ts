import type { RunEvent, RunUsage } from '../../streaming/index.js';
import { openAiError, type OpenAiError, statusOfFailure } from './openai-error.js';

export type CompletionPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'finished'; readonly reason: 'stop' | 'length'; readonly usage: RunUsage }
  | FailedCompletion;

export interface FailedCompletion {
  readonly kind: 'failed';
  /** of an answer that is nothing but this failure */
  readonly status: number;
  readonly body: OpenAiError;
}

/** `text` is what the answer says by now, `sent` what the client has been told of it. */
export interface CompletionState {
  readonly text: string;
  readonly sent: string;
}

export const EMPTY_COMPLETION: CompletionState = Object.freeze({ text: '', sent: '' });

/**
 * Folds events of a run into parts of a completion. Pure. The protocol cannot take text back: when some is discarded,
 * nothing more is told until the new text has said the same again and goes on, and an answer that turned out otherwise fails.
 */
export function projectCompletion(state: CompletionState, events: Iterable<RunEvent>): { state: CompletionState; parts: CompletionPart[] } {
  const parts: CompletionPart[] = [];
  let { text, sent } = state;
  const tell = (): void => {
    if (text.length <= sent.length || !text.startsWith(sent)) return;
    parts.push({ kind: 'text', text: text.slice(sent.length) });
    sent = text;
  };
  for (const event of events) {
    if (event.type === 'text.delta') text += event.data.text;
    else if (event.type === 'text.discarded') {
      tell();
      text = '';
    } else if (event.type === 'run.snapshot') text = event.data.message.text;
    else if (event.type === 'run.completed') {
      tell();
      parts.push(text.startsWith(sent) ? finished(event.data.finishReason, event.data.usage) : failed('answer_replaced', 'The answer was begun anew and differs from what was sent. Drop it and ask again.'));
    } else if (event.type === 'run.failed') {
      tell();
      parts.push(failed(event.data.error.code, event.data.error.message));
    } else if (event.type === 'run.cancelled') {
      tell();
      parts.push(failed('run_cancelled', `The run was cancelled (${event.data.reason}).`));
    }
  }
  tell();
  return { state: { text, sent }, parts };
}

function finished(finishReason: string, usage: RunUsage): CompletionPart {
  return { kind: 'finished', reason: finishReason === 'stop' ? 'stop' : 'length', usage };
}

export function failed(code: string, message: string): FailedCompletion {
  const status = statusOfFailure(code);
  return { kind: 'failed', status, body: openAiError(code, message, status) };
}
