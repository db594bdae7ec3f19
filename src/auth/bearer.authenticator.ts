import type { Request } from 'express';
import type { Principal } from '../common/index.js';
import { isFromThisMachine } from '../http/index.js';
import type { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { looksLikeApiKey } from './api-key-secret.js';
import type { Authenticator } from './authenticator.port.js';
import type { ControlToken } from './control-token.js';
import type { JwtAuthenticator } from './jwt.authenticator.js';
import type { LocalAdmin } from './local-admin.js';

const MAX_TOKEN_LENGTH = 8_192;
const BEARER = /^Bearer +([\w.~+/=-]+)$/i;

/** `AUTH_MODE=api-key` and, when there is one for JWTs, `AUTH_MODE=jwt`. */
export class BearerAuthenticator implements Authenticator {
  readonly howTo: string;

  constructor(
    private readonly apiKeys: ApiKeyAuthenticator,
    private readonly jwts: JwtAuthenticator | undefined,
    private readonly controlToken: ControlToken,
    private readonly localAdmin: LocalAdmin,
  ) {
    this.howTo = `Send Authorization: Bearer <${jwts ? 'JWT or API key' : 'API key'}> with one that is valid.`;
  }

  async authenticate(request: Request): Promise<Principal | undefined> {
    const token = bearerToken(request);
    if (token === undefined) return undefined;
    if (this.controlToken.matches(token)) return isFromThisMachine(request) ? this.localAdmin.principal() : undefined;
    return looksLikeApiKey(token) ? this.apiKeys.authenticate(token) : this.jwts?.authenticate(token);
  }
}

function bearerToken(request: Request): string | undefined {
  const header = request.headers.authorization;
  return header !== undefined && header.length <= MAX_TOKEN_LENGTH ? BEARER.exec(header)?.[1] : undefined;
}
