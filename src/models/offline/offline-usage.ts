import type { TokenUsage } from '../../common/index.js';
import type { ModelContent, ModelRequest, ToolCallRequest } from '../language-model.port.js';

const CHARACTERS_PER_TOKEN = 4;

/** What the planner calls a token: four characters, rounded up. Counted over all it is given, as a real model would bill it. */
export function inputTokens({ system, contents, tools }: ModelRequest): number {
  const declared = tools.length === 0 ? '' : JSON.stringify(tools);
  return tokensIn(system.length + declared.length + contents.reduce((sum, content) => sum + lengthOf(content), 0));
}

export function outputUsage(input: number, outputCharacters: number): TokenUsage {
  return { inputTokens: input, cachedInputTokens: 0, toolUseInputTokens: 0, outputTokens: tokensIn(outputCharacters), reasoningTokens: 0 };
}

export function charactersIn(tokens: number): number {
  return tokens * CHARACTERS_PER_TOKEN;
}

export function callCharacters(calls: readonly Pick<ToolCallRequest, 'name' | 'input'>[]): number {
  return calls.reduce((sum, { name, input }) => sum + name.length + JSON.stringify(input ?? {}).length, 0);
}

function tokensIn(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

function lengthOf(content: ModelContent): number {
  if (content.role === 'user') return content.text.length;
  if (content.role === 'model') return content.text.length + callCharacters(content.toolCalls);
  return content.results.reduce((sum, { name, output }) => sum + name.length + output.length, content.nudge?.length ?? 0);
}
