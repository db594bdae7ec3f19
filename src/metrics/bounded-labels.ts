import { type LabelDomain, OTHER, type Vocabulary, VOCABULARY_BOUNDS } from './catalog/label-domain.js';

const MAX_VALUE_LENGTH = 120;

/** Holds label values to their domains, so that the number of series has a bound whatever callers pass (I8). */
export class BoundedLabels {
  private readonly seen = new Map<Vocabulary, Set<string>>();

  /** Makes values of a vocabulary showable; those beyond its bound stay `other`. */
  declare(vocabulary: Vocabulary, values: Iterable<string>): void {
    const seen = this.valuesOf(vocabulary);
    for (const value of values) {
      if (seen.size < VOCABULARY_BOUNDS[vocabulary] && value.length <= MAX_VALUE_LENGTH) seen.add(value);
    }
  }

  bind(domains: Readonly<Record<string, LabelDomain>>, given: Readonly<Record<string, string | null>>): Record<string, string> {
    const bound: Record<string, string> = {};
    for (const label in domains) {
      const value = given[label];
      if (value !== null && value !== undefined) bound[label] = this.accept(domains[label] as LabelDomain, value);
    }
    return bound;
  }

  private accept(domain: LabelDomain, value: string): string {
    if (domain.kind === 'fixed' || domain.kind === 'known') return domain.values.includes(value) ? value : OTHER;
    if (domain.kind === 'observed') this.declare(domain.vocabulary, [value]);
    return this.valuesOf(domain.vocabulary).has(value) ? value : OTHER;
  }

  private valuesOf(vocabulary: Vocabulary): Set<string> {
    let values = this.seen.get(vocabulary);
    if (!values) this.seen.set(vocabulary, (values = new Set()));
    return values;
  }
}
