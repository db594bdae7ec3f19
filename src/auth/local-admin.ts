import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/index.js';
import { Accounts } from './accounts.js';
import { LOCAL_USER_ID } from './user-id.js';

/** The built-in admin: whoever sits at this machine. */
@Injectable()
export class LocalAdmin {
  constructor(private readonly accounts: Accounts) {}

  async principal(): Promise<Principal> {
    return { userId: LOCAL_USER_ID, role: 'admin', plan: await this.accounts.seen(LOCAL_USER_ID), scopes: [] };
  }
}
