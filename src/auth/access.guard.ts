import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { AppError, type Principal } from '../common/index.js';
import { ACCESS_METADATA, type Scope, setPrincipal } from '../http/index.js';
import { Accounts } from './accounts.js';
import { AUTHENTICATOR, type Authenticator } from './authenticator.port.js';
import { StreamTickets } from './stream-tickets.js';

/** What a route's decorators ask for. */
interface Access {
  readonly isPublic: boolean;
  readonly adminOnly: boolean;
  readonly acceptsTicket: boolean;
  readonly scope: Scope | undefined;
}

/** Stands before every route and denies by default: a route opens without a principal only when it says so. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    @Inject(AUTHENTICATOR) private readonly authenticator: Authenticator,
    private readonly tickets: StreamTickets,
    private readonly accounts: Accounts,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.accessOf(context);
    if (access.isPublic) return true;
    const request = context.switchToHttp().getRequest<Request>();
    const principal = (await this.authenticator.authenticate(request)) ?? (access.acceptsTicket ? await this.ticketHolder(request) : undefined);
    if (!principal) throw new AppError('unauthenticated', this.authenticator.howTo);
    authorize(principal, access);
    setPrincipal(request, principal);
    return true;
  }

  private async ticketHolder(request: Request): Promise<Principal | undefined> {
    const { ticket } = request.query;
    const { runId } = request.params;
    if (typeof ticket !== 'string' || typeof runId !== 'string') return undefined;
    const userId = this.tickets.verify(ticket, runId);
    return userId === undefined ? undefined : { userId, role: 'user', plan: await this.accounts.seen(userId), scopes: ['chat'] };
  }

  private accessOf(context: ExecutionContext): Access {
    const read = <Value>(key: string): Value | undefined => this.reflector.getAllAndOverride<Value | undefined>(key, [context.getHandler(), context.getClass()]);
    const adminOnly = read<boolean>(ACCESS_METADATA.adminOnly) ?? false;
    const scope = read<Scope>(ACCESS_METADATA.scope);
    const isPublic = (read<boolean>(ACCESS_METADATA.public) ?? false) && !adminOnly && scope === undefined;
    return { isPublic, adminOnly, acceptsTicket: read<boolean>(ACCESS_METADATA.acceptsTicket) ?? false, scope };
  }
}

/** @throws AppError `forbidden` */
function authorize(principal: Principal, access: Access): void {
  if (access.adminOnly && principal.role !== 'admin') throw new AppError('forbidden', 'Only an admin may do this.');
  if (principal.scopes.length === 0) return;
  if (access.scope === undefined || !principal.scopes.includes(access.scope)) {
    throw new AppError('forbidden', `This key is limited to ${principal.scopes.join(', ')}.`);
  }
}
