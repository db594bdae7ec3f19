/** U+0000 and halves of surrogate pairs: models and files may well contain them, PostgreSQL's text and jsonb cannot. */
const UNSTORABLE = /\0|\p{Surrogate}/gu;
const UNSTORABLE_IN_JSON = /\\u(?:0000|d[89a-f])/;

export function storableText(text: string): string {
  return text.replace(UNSTORABLE, '\uFFFD');
}

/** The value itself when it can be kept as it is, and otherwise a copy with every text in it made storable. */
export function storableJson<Value>(value: Value): Value {
  const json = JSON.stringify(value);
  if (json === undefined || !UNSTORABLE_IN_JSON.test(json)) return value;
  return JSON.parse(json, (_, part: unknown) => storablePart(part)) as Value;
}

function storablePart(part: unknown): unknown {
  if (typeof part === 'string') return storableText(part);
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
  return Object.fromEntries(Object.entries(part).map(([key, inner]) => [storableText(key), inner]));
}
