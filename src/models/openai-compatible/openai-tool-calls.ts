import { newId } from '../../common/index.js';
import { isRecord, tryParseJson } from '../json.js';
import type { ToolCallRequest } from '../language-model.port.js';
import type { OpenAiToolCall } from './openai-wire.js';

interface Fragments {
  id: string | undefined;
  name: string;
  json: string;
}

/** Tool calls while they arrive: the first fragment of each names it, the others add to its arguments. */
export class OpenAiToolCalls {
  private readonly byIndex = new Map<number, Fragments>();

  constructor(private readonly takenIds: Set<string>) {}

  /** @returns false for what is no list of calls */
  accept(fragments: unknown): boolean {
    if (!Array.isArray(fragments)) return false;
    return fragments.every((fragment, position) => this.acceptOne(fragment, position));
  }

  /** @returns undefined when the arguments of any are not JSON of an object, or a name is missing */
  complete(): { readonly requests: readonly ToolCallRequest[]; readonly wire: readonly OpenAiToolCall[] } | undefined {
    const requests: ToolCallRequest[] = [];
    const wire: OpenAiToolCall[] = [];
    for (const { id, name, json } of [...this.byIndex.entries()].sort(([a], [b]) => a - b).map(([, call]) => call)) {
      const input = json.trim() === '' ? {} : tryParseJson(json);
      if (name === '' || !isRecord(input)) return undefined;
      const callId = id !== undefined && !this.takenIds.has(id) ? id : newId();
      this.takenIds.add(callId);
      requests.push({ callId, name, input });
      wire.push({ id: callId, type: 'function', function: { name, arguments: json === '' ? '{}' : json } });
    }
    return { requests, wire };
  }

  private acceptOne(fragment: unknown, position: number): boolean {
    if (!isRecord(fragment)) return false;
    const index = typeof fragment.index === 'number' ? fragment.index : position;
    const call = this.byIndex.get(index) ?? { id: undefined, name: '', json: '' };
    this.byIndex.set(index, call);
    if (typeof fragment.id === 'string' && fragment.id !== '') call.id ??= fragment.id;
    if (!isRecord(fragment.function)) return true;
    if (typeof fragment.function.name === 'string') call.name += fragment.function.name;
    if (typeof fragment.function.arguments === 'string') call.json += fragment.function.arguments;
    else if (isRecord(fragment.function.arguments)) call.json = JSON.stringify(fragment.function.arguments); // as some local servers do
    return true;
  }
}
