/**
 * Text that every store and protocol takes: PostgreSQL refuses NUL, and JSON readers refuse half of a surrogate pair, which cutting
 * a text may leave. Both become U+FFFD.
 */
export function cleanText(text: string): string {
  return /[\0\ud800-\udfff]/.test(text) ? Buffer.from(text).toString('utf8').replaceAll('\0', '\uFFFD') : text;
}
