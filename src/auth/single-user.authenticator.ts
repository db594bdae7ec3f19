import type { Request } from 'express';
import type { Principal } from '../common/index.js';
import { isLocalRequest } from '../http/index.js';
import type { Authenticator } from './authenticator.port.js';
import type { LocalAdmin } from './local-admin.js';

/** `AUTH_MODE=single-user`: this machine's requests are the local admin's, whatever credential they carry. */
export class SingleUserAuthenticator implements Authenticator {
  readonly howTo =
    'In single-user mode only this machine is served: call a loopback address, with no proxy for others and from no foreign web page; or set AUTH_MODE=api-key.';

  constructor(private readonly localAdmin: LocalAdmin) {}

  async authenticate(request: Request): Promise<Principal | undefined> {
    return isLocalRequest(request) ? this.localAdmin.principal() : undefined;
  }
}
