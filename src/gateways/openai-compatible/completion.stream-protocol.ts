import type { MessageEvent } from '@nestjs/common';
import type { LoggedEvent, RunUsage, StreamProtocol } from '../../streaming/index.js';
import { type CompletionPart, type CompletionState, EMPTY_COMPLETION, failed, type FailedCompletion, projectCompletion } from './completion-projector.js';

export interface CompletionHead {
  readonly id: string;
  /** epoch seconds */
  readonly created: number;
  readonly model: string;
}

/** A completion as chunks. Whatever ends it early is told as an error, because these clients take a clean end for success. */
export class CompletionStreamProtocol implements StreamProtocol {
  private state: CompletionState = EMPTY_COMPLETION;

  constructor(
    private readonly head: CompletionHead,
    private readonly includeUsage: boolean,
  ) {}

  frames(events: readonly LoggedEvent[]): MessageEvent[] {
    const isFirst = this.state === EMPTY_COMPLETION;
    const { state, parts } = projectCompletion(this.state, events.map(({ event }) => event));
    this.state = state;
    const role = isFirst && events.length > 0 ? [this.chunk({ role: 'assistant', content: '' }, null)] : [];
    return [...role, ...parts.flatMap((part) => this.render(part))];
  }

  farewell(): MessageEvent[] {
    return [{ data: interrupted().body }];
  }

  private render(part: CompletionPart): MessageEvent[] {
    if (part.kind === 'failed') return [{ data: part.body }];
    if (part.kind === 'text') return [this.chunk({ content: part.text }, null)];
    const usage = this.includeUsage ? [{ data: { ...this.base(), choices: [], usage: toOpenAiUsage(part.usage) } }] : [];
    return [this.chunk({}, part.reason), ...usage, { data: '[DONE]' }];
  }

  private chunk(delta: object, finishReason: string | null): MessageEvent {
    return { data: { ...this.base(), choices: [{ index: 0, delta, finish_reason: finishReason }] } };
  }

  private base(): object {
    return { id: this.head.id, object: 'chat.completion.chunk', created: this.head.created, model: this.head.model };
  }
}

/** All parts of a run, for a client that waits for the whole answer. */
export class WholeCompletionProtocol implements StreamProtocol {
  private state: CompletionState = EMPTY_COMPLETION;
  readonly parts: CompletionPart[] = [];

  get text(): string {
    return this.state.text;
  }

  frames(events: readonly LoggedEvent[]): MessageEvent[] {
    const { state, parts } = projectCompletion(this.state, events.map(({ event }) => event));
    this.state = state;
    this.parts.push(...parts);
    return [];
  }

  farewell(): MessageEvent[] {
    this.parts.push(interrupted());
    return [];
  }
}

function interrupted(): FailedCompletion {
  return failed('stream_interrupted', 'The connection ended before the answer did. Ask again.');
}

export function toOpenAiUsage({ inputTokens, outputTokens, totalTokens, cachedInputTokens, reasoningTokens }: RunUsage): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: totalTokens,
    prompt_tokens_details: { cached_tokens: cachedInputTokens },
    completion_tokens_details: { reasoning_tokens: reasoningTokens },
  };
}
