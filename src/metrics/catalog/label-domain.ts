/**
 * Which values a label may take. Every value outside its domain becomes `other`, so that no caller, and
 * no user through one, can make series without end.
 */
export type LabelDomain =
  /** Values fixed at compile time; the type checker holds callers to them. */
  | { readonly kind: 'fixed'; readonly values: readonly string[] }
  /** Values fixed here, though callers have them from elsewhere as plain strings. `null` leaves the label out. */
  | { readonly kind: 'known'; readonly values: readonly string[] }
  /** Values that users can name: only those declared with `Metrics.declare` are shown. */
  | { readonly kind: 'declared'; readonly vocabulary: Vocabulary }
  /** Values that only code makes, such as route patterns: the first ones seen are shown, up to the bound. */
  | { readonly kind: 'observed'; readonly vocabulary: Vocabulary };

export type Vocabulary = keyof typeof VOCABULARY_BOUNDS;

/** How many values of each vocabulary are told apart (I8). */
export const VOCABULARY_BOUNDS = { model: 40, modelName: 40, tool: 100, route: 150, pattern: 80, limit: 150, job: 50 } as const;

export const OTHER = 'other';

export function fixed<const Values extends readonly string[]>(...values: Values): { readonly kind: 'fixed'; readonly values: Values } {
  return { kind: 'fixed', values };
}

export function known(...values: readonly string[]): { readonly kind: 'known'; readonly values: readonly string[] } {
  return { kind: 'known', values };
}

export function declared(vocabulary: Vocabulary): { readonly kind: 'declared'; readonly vocabulary: Vocabulary } {
  return { kind: 'declared', vocabulary };
}

export function observed(vocabulary: Vocabulary): { readonly kind: 'observed'; readonly vocabulary: Vocabulary } {
  return { kind: 'observed', vocabulary };
}

/** What a caller passes for a label of the domain. */
export type LabelInput<Domain extends LabelDomain> = Domain extends { kind: 'fixed'; values: readonly (infer Value)[] }
  ? Value
  : Domain extends { kind: 'known' }
    ? string | null
    : string;
