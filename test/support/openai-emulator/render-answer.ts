import type { Turn, TurnPart, TurnStep } from '../gemini-emulator/index.js';

/** Finish reasons of scripted turns, in the words of the chat completions API. */
const FINISH_REASONS: Readonly<Record<string, string>> = { STOP: 'stop', MAX_TOKENS: 'length', SAFETY: 'content_filter' };

export interface OpenAiUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly { readonly index: number; readonly id?: string; readonly type?: 'function'; readonly function: { readonly name?: string; readonly arguments: string } }[];
}

/** What is put on the wire for one chunk of a scripted turn; calls come in fragments, as real servers send them. */
export class AnswerRenderer {
  private readonly words: string[] = [];
  private readonly thoughts: string[] = [];
  private calls = 0;

  constructor(
    private readonly model: string,
    private readonly turn: Turn,
    private readonly promptCharacters: number,
    private readonly nextId: () => string,
  ) {}

  render(step: Extract<TurnStep, { kind: 'chunk' }>): string[] {
    const deltas = step.parts.flatMap((part) => this.deltasOf(part));
    const documents = deltas.map((delta) => this.document([{ index: 0, delta, finish_reason: null }]));
    if (step.finishReason !== undefined) {
      const word = this.calls > 0 && step.finishReason === 'STOP' ? 'tool_calls' : (FINISH_REASONS[step.finishReason] ?? step.finishReason.toLowerCase());
      documents.push(this.document([{ index: 0, delta: {}, finish_reason: word }]));
    }
    return documents;
  }

  /** The last document of a stream, if the turn reports usage. */
  usage(): OpenAiUsage | undefined {
    if (!this.turn.reportsUsage) return undefined;
    const tokens = (text: readonly string[]): number => Math.ceil(text.join('').length / 4);
    const { prompt = Math.ceil(this.promptCharacters / 4), cached = 0, candidates = tokens(this.words), thoughts = tokens(this.thoughts) } = this.turn.usage;
    const completion = candidates + thoughts;
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion, prompt_tokens_details: { cached_tokens: cached }, completion_tokens_details: { reasoning_tokens: thoughts } };
  }

  usageDocument(): string | undefined {
    const usage = this.usage();
    return usage && JSON.stringify({ ...this.head(), choices: [], usage });
  }

  private deltasOf(part: TurnPart): Delta[] {
    if (part.kind === 'call') return this.callFragments(part.name, typeof part.args === 'string' ? part.args : JSON.stringify(part.args), part.id === null ? undefined : (part.id ?? this.nextId()));
    (part.kind === 'text' ? this.words : this.thoughts).push(part.text);
    return [part.kind === 'text' ? { content: part.text } : { reasoning_content: part.text }];
  }

  private callFragments(name: string, json: string, id: string | undefined): Delta[] {
    const index = this.calls++;
    this.words.push(name, json);
    const third = Math.ceil(json.length / 3);
    const pieces = [json.slice(0, third), json.slice(third, 2 * third), json.slice(2 * third)];
    return [
      { tool_calls: [{ index, ...(id !== undefined && { id }), type: 'function', function: { name, arguments: '' } }] },
      ...pieces.map((piece): Delta => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
    ];
  }

  private document(choices: readonly unknown[]): string {
    return JSON.stringify({ ...this.head(), choices, usage: null });
  }

  private head() {
    return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_764_000_000, model: this.model };
  }
}

/** The pieces of a stream as the one answer they come to. */
export function mergeDocuments(documents: readonly string[], usage: OpenAiUsage | undefined): string {
  const message: { content: string; reasoning_content: string; tool_calls: { id?: string; type: 'function'; function: { name: string; arguments: string } }[] } = { content: '', reasoning_content: '', tool_calls: [] };
  let finishReason: string | null = null;
  for (const document of documents) {
    const [choice] = (JSON.parse(document) as { choices: { delta: Delta; finish_reason: string | null }[] }).choices;
    message.content += choice?.delta.content ?? '';
    message.reasoning_content += choice?.delta.reasoning_content ?? '';
    for (const { index, id, function: { name, arguments: json } } of choice?.delta.tool_calls ?? []) {
      const call = (message.tool_calls[index] ??= { id, type: 'function', function: { name: '', arguments: '' } });
      call.function.name += name ?? '';
      call.function.arguments += json;
    }
    finishReason = choice?.finish_reason ?? finishReason;
  }
  return JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finishReason }], usage });
}
