import type { ControlEndpoint } from '../../database/index.js';
import type { Page } from '../../http/index.js';
import type { ApiKeyOrder, ApiKeyView, CreatedApiKey, KeyAdministration } from '../key-administration.port.js';

const TIMEOUT_MS = 10_000;

/** The server that holds the database does not do it; the message says why. */
export class ServerRefusedError extends Error {
  override readonly name = 'ServerRefusedError';
}

/** Administers keys through the running server that holds the embedded database. */
export class HttpKeyAdministration implements KeyAdministration {
  constructor(private readonly server: ControlEndpoint) {}

  async create(order: ApiKeyOrder): Promise<CreatedApiKey> {
    return (await this.call('POST', '', order)) as CreatedApiKey;
  }

  async list(cursor?: string): Promise<Page<ApiKeyView>> {
    return (await this.call('GET', cursor === undefined ? '' : `?cursor=${encodeURIComponent(cursor)}`)) as Page<ApiKeyView>;
  }

  async revoke(id: string): Promise<void> {
    await this.call('DELETE', `/${encodeURIComponent(id)}`);
  }

  private async call(method: string, rest: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.server.url}/api/access/keys${rest}`, {
      method,
      headers: { authorization: `Bearer ${this.server.token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error: unknown) => {
      throw new ServerRefusedError(`The server at ${this.server.url} holds the database and does not answer. Look at its log, or stop it and try again.`, { cause: error });
    });
    const text = await response.text();
    if (!response.ok) throw new ServerRefusedError(`The server at ${this.server.url} refused: ${detailOf(text) ?? `HTTP ${response.status}`}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

function detailOf(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { detail?: string }).detail;
  } catch {
    return undefined; // no problem document: something else answers at this address
  }
}
