import type { ModelContent, ModelRequest, ToolCallResult } from '../language-model.port.js';
import { conclude, type Plan, type PlannedCall, call as planCalls } from './plan.js';

interface Exchange {
  readonly call: PlannedCall;
  readonly result: ToolCallResult;
}

/**
 * The present request of the person and what the tools have answered to it so far. It is all the memory
 * there is: each time, a routine runs from its beginning and finds the results of the calls it made before.
 */
export class Turn {
  readonly message: string;
  private readonly exchanges: readonly Exchange[];
  private readonly offeredTools: ReadonlySet<string>;

  constructor(request: ModelRequest) {
    const start = request.contents.findLastIndex((content) => content.role === 'user');
    const opening = request.contents[start];
    this.message = opening?.role === 'user' ? opening.text : '';
    this.exchanges = exchangesOf(request.contents.slice(start + 1));
    this.offeredTools = new Set(request.toolMode === 'none' ? [] : request.tools.map((tool) => tool.name));
  }

  /** The result of exactly this call, if it was made. */
  resultOf(wanted: PlannedCall): ToolCallResult | undefined {
    const key = keyOf(wanted);
    return this.exchanges.findLast(({ call }) => keyOf(call) === key)?.result;
  }

  canCall(toolName: string): boolean {
    return this.offeredTools.has(toolName);
  }

  /** Makes the calls, or says that it cannot. */
  ask(text: string, ...calls: PlannedCall[]): Plan {
    const missing = calls.find(({ name }) => !this.canCall(name));
    if (!missing) return planCalls(text, ...calls);
    return conclude(`For this I would call the tool \`${missing.name}\`, which this step does not offer me, so I cannot go on.`);
  }
}

function exchangesOf(contents: readonly ModelContent[]): Exchange[] {
  return contents.flatMap((content, index) => {
    const next = contents[index + 1];
    if (content.role !== 'model' || next?.role !== 'tool') return [];
    return content.toolCalls.flatMap((call) => {
      const result = next.results.find(({ callId }) => callId === call.callId);
      return result ? [{ call, result }] : [];
    });
  });
}

/** Inputs are compared by value: a store may have changed the order of their keys. */
function keyOf({ name, input }: PlannedCall): string {
  const entries = typeof input === 'object' && input !== null ? Object.entries(input) : [];
  return JSON.stringify([name, entries.filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
