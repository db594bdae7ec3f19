import type { RecordedCall } from '../gemini-emulator/index.js';

/** What matters of a request to the model: who was asked, how, and what it was told last. */
export interface Asked {
  readonly model: string;
  readonly isStreamed: boolean;
  /** Names of the offered tools; empty for none. */
  readonly tools: readonly string[];
  readonly contents: number;
  /** The last text of the last content, e.g. a nudge; undefined when it ends with results of tools. */
  readonly lastText: string | undefined;
}

export function asked({ model, method, body }: RecordedCall): Asked {
  return {
    model,
    isStreamed: method === 'streamGenerateContent',
    tools: (body.tools ?? []).flatMap((tool) => (tool.functionDeclarations ?? []).map(({ name }) => name)),
    contents: body.contents.length,
    lastText: body.contents.at(-1)?.parts.at(-1)?.text,
  };
}

/** The results of the last tool calls as the model was given them. */
export function resultsIn({ body }: RecordedCall): unknown[] {
  return (body.contents.at(-1)?.parts ?? []).flatMap((part) => (part.functionResponse ? [part.functionResponse.response] : []));
}
