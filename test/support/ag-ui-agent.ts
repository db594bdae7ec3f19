import type { HttpAgent, Message, RunAgentParameters } from '@ag-ui/client';
import { jest } from '@jest/globals';

/** Fields of all kinds of events: tests know which one they have. */
export type ReceivedAgUiEvent = { readonly type: string } & Readonly<Record<string, any>>; // oxlint-disable-line typescript/no-explicit-any

export interface FinishedAgUiRun {
  readonly events: readonly ReceivedAgUiEvent[];
  readonly messages: readonly Message[];
  /** What the client failed with; undefined when it took the run for ended. */
  readonly error: unknown;
}

/** For agents whose connections break: the client leaves the rejection of what it then cancels unhandled, which fails whatever test runs just then. */
export async function fetchAndForgive(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const { body } = response;
  const getReader = (): object => {
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    return { read: () => reader.read(), cancel: () => reader.cancel().catch(() => undefined) };
  };
  return Object.defineProperty(response, 'body', { value: { getReader } });
}

/** Runs an unmodified HttpAgent and keeps every event that it let through. */
export async function runAgent(agent: HttpAgent, parameters: RunAgentParameters = {}, onEvent: (event: ReceivedAgUiEvent) => void = () => undefined): Promise<FinishedAgUiRun> {
  const events: ReceivedAgUiEvent[] = [];
  let error: unknown;
  const print = jest.spyOn(console, 'error').mockReturnValue(); // the client prints what it throws
  try {
    await agent.runAgent(parameters, {
      onEvent: ({ event }) => {
        events.push(event as ReceivedAgUiEvent);
        onEvent(event as ReceivedAgUiEvent);
      },
    });
  } catch (thrown) {
    error = thrown;
  } finally {
    print.mockRestore();
  }
  return { events, messages: agent.messages, error };
}

export function textOf(messages: readonly Message[]): string[] {
  return messages.flatMap(({ role, content }) => (role === 'assistant' && typeof content === 'string' && content !== '' ? [content] : []));
}

export function typesOf(events: readonly ReceivedAgUiEvent[]): string[] {
  return events.map(({ type }) => type);
}

export function customOf(events: readonly ReceivedAgUiEvent[], name: string): ReceivedAgUiEvent[] {
  return events.filter((event) => event.type === 'CUSTOM' && event.name === `lomu.${name}`).map(({ value }) => value as ReceivedAgUiEvent);
}
