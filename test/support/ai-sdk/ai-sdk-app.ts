import type { UIMessage } from 'ai';
import { ApiKeys } from '../../../src/auth/api-keys.js';
import { newId } from '../../../src/common/index.js';
import { startQuietApp } from '../chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn, type TurnBuilder } from '../gemini-emulator/index.js';
import type { HttpClient } from '../http-client.js';
import type { TestApp } from '../test-app.js';
import { closePage, type MountedChat, mountChat, type MountOptions, openPage, textOf, type Version } from './use-chat.js';

export interface AiSdkApp {
  readonly lomu: TestApp;
  readonly gemini: GeminiEmulator;
  readonly keys: Readonly<Record<'alice' | 'bob', string>>;
  /** The user of every chat that names no other key. */
  readonly alice: HttpClient;
  mount(version: Version, options?: Partial<MountOptions> & { key?: string }): Promise<MountedChat>;
  /** Unmounts all chats and forgets what the model was to say. */
  reset(): void;
  close(): Promise<void>;
}

/** The application behind API keys, with a scripted model, and any number of components that use it. */
export async function startAiSdkApp(): Promise<AiSdkApp> {
  openPage();
  const gemini = await startGeminiEmulator();
  const lomu = await startQuietApp({ environment: { ...gemini.environment, AUTH_MODE: 'api-key', DEFAULT_MODEL: 'gemini/gemini-3.6-flash', LIMIT_RETRY_FIRST_DELAY_MS: '1' } });
  const keyOf = async (userId: string): Promise<string> => (await lomu.app.get(ApiKeys).create({ userId, role: 'user', scopes: [] }, 'test')).key;
  const keys = { alice: await keyOf('alice'), bob: await keyOf('bob') };
  const mounted: MountedChat[] = [];
  const reset = (): void => {
    for (const chat of mounted.splice(0)) chat.unmount();
    gemini.reset();
  };
  return {
    lomu,
    gemini,
    keys,
    alice: lomu.client.withToken(keys.alice),
    mount: async (version, { key = keys.alice, ...options } = {}) => {
      const chat = await mountChat(version, { id: newId(), api: `${lomu.url}/api/chat`, headers: { authorization: `Bearer ${key}` }, ...options });
      mounted.push(chat);
      return chat;
    },
    reset,
    close: async () => {
      reset();
      await lomu.close();
      await gemini.close();
      await closePage();
    },
  };
}

export function answerOf({ chat }: MountedChat): UIMessage {
  const answer = chat.messages.findLast(({ role }) => role === 'assistant');
  if (!answer) throw new Error('There is no answer yet.');
  return answer;
}

export function metadataOf(chat: MountedChat): Record<string, unknown> {
  return answerOf(chat).metadata as Record<string, unknown>;
}

export function partsOf(chat: MountedChat, type: string): Record<string, unknown>[] {
  return answerOf(chat).parts.filter((part) => part.type === type);
}

export function shows(text: string): (chat: { messages: UIMessage[] }) => boolean {
  return ({ messages }) => textOf(messages).includes(text);
}

export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Says the first half, and the second once the gate opens. */
export function inTwoHalves({ opened }: Gate): TurnBuilder {
  return turn().text('A long').waitFor(() => opened).text(' answer.');
}
