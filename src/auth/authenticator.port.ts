import type { Request } from 'express';
import type { Principal } from '../common/index.js';

/** Finds out for whom a request is made; `undefined` when it does not show. */
export interface Authenticator {
  authenticate(request: Request): Promise<Principal | undefined>;
  /** What a client is told whose request shows nobody: the same for every reason. */
  readonly howTo: string;
}

export const AUTHENTICATOR = Symbol('Authenticator');
