import type { Role } from '../common/index.js';
import type { Page, Scope } from '../http/index.js';

/** A key to be made. */
export interface ApiKeyOrder {
  readonly userId: string;
  readonly role: Role;
  /** Parts of the API it opens; empty opens all that the role may do. */
  readonly scopes: readonly Scope[];
  /** Never, when unset. */
  readonly expiresAt?: Date;
  /** New plan of the user's account; unset leaves it as it is, `free` for a new one. */
  readonly plan?: string;
}

/** The only moment at which a key is seen. */
export interface CreatedApiKey {
  readonly id: string;
  readonly key: string;
}

/** A key as it is listed, times in ISO 8601. */
export interface ApiKeyView {
  readonly id: string;
  readonly userId: string;
  readonly role: string;
  readonly scopes: readonly string[];
  /** First characters of the key. */
  readonly prefix: string;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  /** To the minute. */
  readonly lastUsedAt: string | null;
  readonly revokedAt: string | null;
}

/** What the shell can do with keys, in the database itself or through the server that holds it. */
export interface KeyAdministration {
  create(order: ApiKeyOrder): Promise<CreatedApiKey>;
  list(cursor?: string): Promise<Page<ApiKeyView>>;
  revoke(id: string): Promise<void>;
}
