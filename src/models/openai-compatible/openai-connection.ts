import type { Clock } from '../../common/index.js';
import { ConnectionPool } from '../transport/connection-pool.js';

const OPENAI_HOST = 'api.openai.com';

/** One endpoint that speaks the chat completions API. */
export class OpenAiConnection {
  readonly pool = new ConnectionPool();
  readonly url: URL;
  readonly isOpenAi: boolean;
  readonly headers: Readonly<Record<string, string>>;

  /** @param apiKey local servers want none */
  constructor(
    baseUrl: string,
    apiKey: string | undefined,
    readonly clock: Clock,
  ) {
    this.url = new URL(`${baseUrl.replace(/\/+$/, '')}/chat/completions`);
    this.isOpenAi = this.url.hostname === OPENAI_HOST;
    this.headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  }

  close(): void {
    this.pool.close();
  }
}
