import { Injectable } from '@nestjs/common';
import { TokenEstimator } from '../../billing/index.js';
import type { Intent } from '../../common/index.js';
import type { Restriction } from '../../failure-detection/index.js';
import type { ModelContent, ModelRequest, ToolDeclaration } from '../../models/index.js';
import { ToolRegistry } from '../../tools/index.js';
import { type ContextDigest, currentContents, masked } from '../context/context-digest.js';
import type { RunStep } from './run-step.js';
import { LAST_ITERATION_NUDGE, systemPrompt } from './system-prompt.js';

export interface Prompt {
  readonly intent: Intent;
  /** Earlier messages of the conversation, oldest first. */
  readonly history: readonly ModelContent[];
  readonly userMessage: string;
  readonly steps: readonly RunStep[];
  /** What stands for the older part of it. Default: everything is there. */
  readonly digest?: ContextDigest;
  /** Something the model is told after its last tool results. */
  readonly nudge?: string;
  /** The last allowed iteration offers no tools and asks for the answer. */
  readonly isLastIteration: boolean;
  readonly maxOutputTokens: number;
  /** Tools not offered this time. */
  readonly restriction?: Restriction;
}

export interface BuiltPrompt {
  readonly request: ModelRequest;
  readonly estimatedInputTokens: number;
  /** How many messages of the history had to be left out. */
  readonly droppedMessages: number;
}

const MESSAGE_OVERHEAD_TOKENS = 4;

/** Turns the state of a run into a model request that fits the context. */
@Injectable()
export class PromptBuilder {
  constructor(
    private readonly tools: ToolRegistry,
    private readonly estimator: TokenEstimator,
  ) {}

  /**
   * @param maxContextTokens what the prompt may take. When it is too much, the oldest history goes first, then what
   *   the oldest tools of this run said; a prompt that is still too much is given back with its true size
   */
  build(prompt: Prompt, maxContextTokens: number): BuiltPrompt {
    const tools = prompt.isLastIteration ? [] : this.offeredTools(prompt.restriction);
    const system = systemPrompt(prompt.intent);
    const frameTokens = this.estimator.estimate(system) + this.toolTokens(tools);
    const { current, currentTokens } = this.fitCurrent(withNudge(currentContents(prompt.userMessage, prompt.steps, prompt.digest), prompt), maxContextTokens - frameTokens);
    const fixedTokens = frameTokens + currentTokens;
    const { kept, tokens } = this.fitHistory(prompt.digest?.summary ? [] : prompt.history, maxContextTokens - fixedTokens);
    return {
      request: {
        system,
        contents: [...kept, ...current],
        tools,
        toolMode: tools.length > 0 ? 'auto' : 'none',
        maxOutputTokens: prompt.maxOutputTokens,
      },
      estimatedInputTokens: fixedTokens + tokens,
      droppedMessages: prompt.history.length - kept.length,
    };
  }

  /** What the outputs of a step take. */
  outputTokens(results: RunStep['results']): number {
    return sum(results.map(({ output }) => this.estimator.estimate(output)));
  }

  private offeredTools(restriction: Restriction | undefined): readonly ToolDeclaration[] {
    const all = this.tools.declarations();
    if (restriction?.kind !== 'acting_tools_only') return all; // single calls are refused when they are made
    const acting = all.filter((tool) => !this.tools.isReadOnly(tool.name));
    return acting.length > 0 ? acting : all;
  }

  private fitHistory(history: readonly ModelContent[], budget: number): { kept: ModelContent[]; tokens: number } {
    const kept: ModelContent[] = [];
    let tokens = 0;
    for (const content of [...history].reverse()) {
      const size = this.contentTokens(content);
      if (tokens + size > budget) break;
      tokens += size;
      kept.unshift(content);
    }
    // A conversation that begins with an answer makes no sense to a model.
    while (kept[0] && kept[0].role !== 'user') tokens -= this.contentTokens(kept.shift() as ModelContent);
    return { kept, tokens };
  }

  /** The newest results always stay: the model has not seen them yet. */
  private fitCurrent(contents: ModelContent[], budget: number): { current: ModelContent[]; currentTokens: number } {
    const sizes = contents.map((content) => this.contentTokens(content));
    let currentTokens = sum(sizes);
    const newest = contents.findLastIndex((content) => content.role === 'tool');
    const current = contents.map((content, index) => {
      if (currentTokens <= budget || content.role !== 'tool' || index === newest) return content;
      const shortened = { ...content, results: content.results.map(masked) };
      const saved = (sizes[index] ?? 0) - this.contentTokens(shortened);
      if (saved <= 0) return content;
      currentTokens -= saved;
      return shortened;
    });
    return { current, currentTokens };
  }

  private contentTokens(content: ModelContent): number {
    return MESSAGE_OVERHEAD_TOKENS + this.estimator.estimate(textOf(content));
  }

  private toolTokens(tools: readonly ToolDeclaration[]): number {
    return tools.length === 0 ? 0 : this.estimator.estimate(JSON.stringify(tools));
  }
}

/** A nudge stands after the tool results, never between a call and its response. */
function withNudge(contents: ModelContent[], prompt: Prompt): ModelContent[] {
  const nudges = [prompt.nudge, prompt.isLastIteration && prompt.steps.length > 0 ? LAST_ITERATION_NUDGE : undefined].filter((text) => text !== undefined);
  if (nudges.length === 0) return contents;
  const nudge = nudges.join('\n');
  const last = contents.at(-1);
  if (last?.role === 'tool') return [...contents.slice(0, -1), { ...last, nudge }];
  return [...contents, { role: 'user', text: nudge }];
}

function textOf(content: ModelContent): string {
  if (content.role === 'user') return content.text;
  if (content.role === 'model') return content.raw ? JSON.stringify(content.raw.parts) : content.text + JSON.stringify(content.toolCalls);
  return content.results.map((result) => `${result.name}${result.output}`).join('\n') + (content.nudge ?? '');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
