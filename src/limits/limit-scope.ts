import { z } from 'zod';
import { INTENTS } from '../common/index.js';
import type { LimitSubject } from './limits-snapshot.js';

/** Scopes of overrides, the most specific first: that is their order of precedence. */
export const SCOPE_KINDS = ['user', 'intent', 'plan', 'global'] as const;

export type ScopeKind = (typeof SCOPE_KINDS)[number];

/** For whom an override holds. */
export type LimitScope = { readonly kind: 'global' } | { readonly kind: 'user' | 'intent' | 'plan'; readonly id: string };

const scopeId = z.string().min(1).max(200);

export const limitScopeSchema: z.ZodType<LimitScope> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('global') }),
  z.strictObject({ kind: z.literal('plan'), id: scopeId }),
  z.strictObject({ kind: z.literal('intent'), id: z.enum(INTENTS) }),
  z.strictObject({ kind: z.literal('user'), id: scopeId }),
]);

/** A scope in a query string: `global`, `plan:free`, `intent:fix` or `user:alice`. */
export const limitScopeTextSchema = z
  .string()
  .max(210)
  .transform((text): unknown => {
    const colon = text.indexOf(':');
    return colon === -1 ? { kind: text } : { kind: text.slice(0, colon), id: text.slice(colon + 1) };
  })
  .pipe(limitScopeSchema);

/** The scope's id as stored: the empty text for everybody. */
export function scopeIdOf(scope: LimitScope): string {
  return scope.kind === 'global' ? '' : scope.id;
}

export function toScope(kind: string, id: string): LimitScope {
  return kind === 'user' || kind === 'intent' || kind === 'plan' ? { kind, id } : { kind: 'global' };
}

export function describeScope(scope: LimitScope): string {
  return scope.kind === 'global' ? 'global' : `${scope.kind} ${scope.id}`;
}

/** The scopes a subject is in, the most specific first. What is unknown about the subject has no say. */
export function scopesOf(subject: Partial<LimitSubject>): LimitScope[] {
  const { userId, intent, plan } = subject;
  const scopes: LimitScope[] = [];
  if (userId !== undefined) scopes.push({ kind: 'user', id: userId });
  if (intent !== undefined) scopes.push({ kind: 'intent', id: intent });
  if (plan !== undefined) scopes.push({ kind: 'plan', id: plan });
  scopes.push({ kind: 'global' });
  return scopes;
}
