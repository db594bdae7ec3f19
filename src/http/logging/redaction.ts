const HIDDEN = '[hidden]';
const MAX_DEPTH = 6;
const MAX_ITEMS = 50;
const MAX_TEXT_LENGTH = 4_000;

/** Fields that hold credentials. Compared without case and punctuation. */
const SECRET_FIELDS = new Set(['authorization', 'cookie', 'setcookie', 'apikey', 'xapikey', 'xgoogapikey', 'key', 'token', 'ticket', 'password', 'secret', 'jwt', 'jwtsecret', 'credential', 'credentials', 'databaseurl']);
/** Fields that hold what people and models wrote, or files of theirs. */
const CONTENT_FIELDS = new Set(['text', 'content', 'contents', 'prompt', 'system', 'body', 'input', 'output', 'arguments', 'args', 'parts', 'raw', 'nudge', 'history', 'diff', 'reasoning']);

/** Credentials inside longer texts, such as the URL in an error's message. */
const SECRET_PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${HIDDEN}`],
  [/([?&](?:key|api_?key|token|ticket|access_token|secret|password)=)[^&\s"'#]+/gi, `$1${HIDDEN}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, `$1:${HIDDEN}@`],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, HIDDEN],
  [/\bAIza[\w-]{20,}/g, HIDDEN],
  [/\b(?:sk-[\w-]{16,}|lomu_[\w-]{40,})/g, HIDDEN],
];

/**
 * A copy of log fields that is safe to write: no credentials, no message content, bounded in depth and
 * size. Errors become plain objects with their stack, which belongs in logs and nowhere else.
 */
export function redactFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactObject(fields, 0);
}

/** A text without the credentials that can be told from their form. */
export function redactText(text: string): string {
  const bounded = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}… (${text.length} characters)` : text;
  return SECRET_PATTERNS.reduce((current, [pattern, replacement]) => current.replace(pattern, replacement), bounded);
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value;
  if (depth >= MAX_DEPTH) return '[deeper]';
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => redactValue(item, depth + 1));
  return redactObject(value as Record<string, unknown>, depth + 1);
}

function redactObject(object: Readonly<Record<string, unknown>>, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(object).slice(0, MAX_ITEMS)) {
    copy[field] = isHidden(field) && typeof value !== 'number' && typeof value !== 'boolean' && value !== null && value !== undefined ? HIDDEN : redactValue(value, depth);
  }
  return copy;
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const code: unknown = (error as { code?: unknown }).code;
  return {
    type: name,
    message: redactText(message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(stack ? { stack: redactText(stack) } : {}),
    ...(cause === undefined ? {} : { cause: redactValue(cause, depth + 1) }),
  };
}

function isHidden(field: string): boolean {
  const plain = field.toLowerCase().replace(/[^a-z0-9]/g, '');
  return SECRET_FIELDS.has(plain) || CONTENT_FIELDS.has(plain);
}
