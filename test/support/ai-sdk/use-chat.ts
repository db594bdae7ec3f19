import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UIMessage } from 'ai';
import { Window } from 'happy-dom';
import type { Root } from 'react-dom/client';

export type Version = 'v5' | 'v6';
export const VERSIONS: readonly Version[] = ['v5', 'v6'];

/** What the two versions of the hook return alike. */
export interface ChatHelpers {
  readonly id: string;
  readonly messages: UIMessage[];
  readonly status: 'submitted' | 'streaming' | 'ready' | 'error';
  readonly error: Error | undefined;
  sendMessage(message?: { text: string; messageId?: string }): Promise<void>;
  regenerate(): Promise<void>;
  stop(): Promise<void>;
  resumeStream(): Promise<void>;
  /** Version 6 only. */
  addToolApprovalResponse(response: { id: string; approved: boolean; reason?: string }): Promise<void>;
}

export interface MountOptions {
  readonly id: string;
  readonly api: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The transport's `body` option. */
  readonly body?: object;
  readonly messages?: UIMessage[];
  readonly resume?: boolean;
  readonly fetch?: typeof fetch;
  readonly sendAutomaticallyWhen?: (options: { messages: UIMessage[] }) => boolean;
}

export interface MountedChat {
  /** As the component has it now. */
  readonly chat: ChatHelpers;
  /** Everything handed to `onData`. */
  readonly data: { type: string; data: unknown }[];
  /** What the component shows. */
  readonly shown: string;
  until(condition: (chat: ChatHelpers) => boolean): Promise<ChatHelpers>;
  unmount(): void;
}

/** The real hook in a component that React renders, into a document without a browser around it. */
export async function mountChat(version: Version, { api, headers, body, fetch, ...options }: MountOptions): Promise<MountedChat> {
  const { createElement } = await import('react');
  const { createRoot } = await import('react-dom/client');
  const { flushSync } = await import('react-dom');
  const { useChat, DefaultChatTransport } = await loadAiSdk(version);
  const data: MountedChat['data'] = [];
  let chat: ChatHelpers | undefined;
  const listeners = new Set<() => void>();
  const transport = new DefaultChatTransport({ api, headers, body, fetch });
  function Chat(): ReturnType<typeof createElement> {
    chat = useChat({ ...options, transport, onData: (part) => data.push(part), onError: () => undefined });
    for (const listener of listeners) listener();
    return createElement('main', null, textOf(chat.messages));
  }
  if (!page) throw new Error('There is no page: call openPage() first.');
  const container = page.document.createElement('div');
  const root: Root = createRoot(container);
  root.render(createElement(Chat));
  const current = (): ChatHelpers => {
    if (!chat) throw new Error('Not rendered yet.');
    return chat;
  };
  const until = (condition: (chat: ChatHelpers) => boolean): Promise<ChatHelpers> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!chat || !condition(chat)) return;
        listeners.delete(look);
        resolve(chat);
      };
      listeners.add(look);
      look();
    });
  await until(() => true);
  return {
    get chat() {
      return current();
    },
    get shown() {
      return container.textContent;
    },
    data,
    until,
    unmount: () => flushSync(() => root.unmount()),
  };
}

/** What a component shows that leaves out what was withdrawn, as docs/CLIENTS.md has it. */
export function textOf(messages: readonly UIMessage[]): string {
  return messages
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ parts }) => parts)
    .flatMap((part) => (part.type === 'text' && !part.providerMetadata?.lomu?.discarded ? [part.text] : []))
    .join('\n');
}

interface HookOptions extends Partial<MountOptions> {
  readonly transport: object;
  readonly onData: (part: { type: string; data: unknown }) => void;
  readonly onError: () => void;
}

interface Library {
  readonly useChat: (options: HookOptions) => ChatHelpers;
  readonly Chat: new (options: object) => object;
  readonly DefaultChatTransport: new (options: object) => { sendMessages(options: object): Promise<unknown>; reconnectToStream(options: object): Promise<unknown> };
}

/** Both packages of a version, as far as they are used. */
export async function loadAiSdk(version: Version): Promise<Library> {
  // One after the other: they share modules, which Jest links once at a time.
  const hooks = await (version === 'v5' ? import('ai-sdk-react-v5') : import('@ai-sdk/react'));
  const { DefaultChatTransport } = await (version === 'v5' ? import('ai-v5') : import('ai'));
  return { useChat: hooks.useChat, Chat: hooks.Chat, DefaultChatTransport } as unknown as Library;
}

const PAGE_GLOBALS = ['window', 'document', 'navigator'] as const;
let page: Window | undefined;
const hidden = new Map<string, PropertyDescriptor | undefined>();

/** Gives this process a page for React to render into, until `closePage`. */
export function openPage(): void {
  page = new Window();
  for (const name of PAGE_GLOBALS) {
    hidden.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
    Object.defineProperty(globalThis, name, { value: name === 'window' ? page : page[name], configurable: true, writable: true });
  }
}

/** Other files of tests run in the same process, and are no page. */
export async function closePage(): Promise<void> {
  await nextTurn(); // React may have something left to do
  for (const [name, descriptor] of hidden) {
    if (descriptor) Object.defineProperty(globalThis, name, descriptor);
    else Reflect.deleteProperty(globalThis, name);
  }
  hidden.clear();
  await page?.happyDOM.close();
  page = undefined;
}
