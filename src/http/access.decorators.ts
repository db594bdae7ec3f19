import { createParamDecorator, type CustomDecorator, type ExecutionContext, SetMetadata } from '@nestjs/common';
import type { Principal } from '../common/index.js';

/** Metadata that the access guard reads; a route without any needs a principal, of either role. */
export const ACCESS_METADATA = {
  public: 'lomu:access:public',
  adminOnly: 'lomu:access:admin-only',
  acceptsTicket: 'lomu:access:accepts-ticket',
  scope: 'lomu:access:scope',
} as const;

/** Anyone may call this; there is no principal. `@AdminOnly()` or `@RequiresScope()` on the same route win. */
export const Public = (): CustomDecorator => SetMetadata(ACCESS_METADATA.public, true);

/** Others than admins are answered 403. */
export const AdminOnly = (): CustomDecorator => SetMetadata(ACCESS_METADATA.adminOnly, true);

/** Besides the usual credentials, `?ticket=` opens this route: for its `:runId` alone, which the route must have. */
export const AcceptsTicket = (): CustomDecorator => SetMetadata(ACCESS_METADATA.acceptsTicket, true);

/** Parts of the API that an API key may be limited to. */
export const SCOPES = ['chat', 'projects', 'billing', 'metrics', 'limits', 'access'] as const;

export type Scope = (typeof SCOPES)[number];

/** The part of the API that this belongs to. A key that is limited to scopes opens nothing outside them, nor any route without a scope. */
export const RequiresScope = (scope: Scope): CustomDecorator => SetMetadata(ACCESS_METADATA.scope, scope);

/** Parameter decorator: the `Principal` of the request. Not for `@Public()` routes. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context.switchToHttp().getRequest<object>()),
);

const principals = new WeakMap<object, Principal>();

export function setPrincipal(request: object, principal: Principal): void {
  principals.set(request, principal);
}

/** @throws Error when the guard let the request through without one, which is a fault of the route's decorators */
export function principalOf(request: object): Principal {
  const principal = principals.get(request);
  if (!principal) throw new Error('This request has no principal: a @Public() route must not ask for one.');
  return principal;
}

/** The principal, or undefined on a public route or before the guard ran. */
export function findPrincipal(request: object): Principal | undefined {
  return principals.get(request);
}
