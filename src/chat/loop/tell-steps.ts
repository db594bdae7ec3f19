import type { ToolCallRequest, ToolCallResult } from '../../models/index.js';
import type { RunStep } from './run-step.js';

const INPUT_CHARACTERS = 400;
const OUTPUT_CHARACTERS = 800;
const LEFT_OUT = '[earlier steps left out]';

/** Steps as text for a model that was not there: as many of the latest as fit. Nothing signed is in it. */
export function tellSteps(steps: readonly RunStep[], maxCharacters: number): string {
  let rest = maxCharacters - LEFT_OUT.length;
  const told: string[] = [];
  for (const step of [...steps].reverse()) {
    const text = describeStep(step);
    if (text.length > rest) break;
    rest -= text.length + 1;
    told.unshift(text);
  }
  if (told.length < steps.length) told.unshift(LEFT_OUT);
  return told.join('\n');
}

function describeStep({ iteration, answer, results }: RunStep): string {
  const calls = answer.toolCalls.map((call) => describeCall(call, results.find((result) => result.callId === call.callId)));
  return [`## Step ${iteration}`, answer.text && shorten(answer.text, OUTPUT_CHARACTERS), ...calls].filter(Boolean).join('\n');
}

function describeCall({ name, input }: ToolCallRequest, result: ToolCallResult | undefined): string {
  const outcome = result ? `${result.ok ? 'ok' : 'failed'}: ${shorten(result.output, OUTPUT_CHARACTERS)}` : 'no result';
  return `- ${name} ${shorten(JSON.stringify(input) ?? '', INPUT_CHARACTERS)}\n  ${outcome}`;
}

/** Keeps both ends: an error begins with what failed and often ends with why. */
export function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const end = Math.floor(maxCharacters / 3);
  return `${text.slice(0, maxCharacters - end)} … ${text.slice(-end)}`;
}
