/** Tools write a path with control characters as a JSON string. */
export function unquotePath(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'string' ? parsed : text;
  } catch {
    return text; // a name that really begins with a quote
  }
}
