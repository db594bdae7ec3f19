import type { ApiKeyView } from '../key-administration.port.js';

const HEADINGS = ['ID', 'USER', 'ROLE', 'SCOPES', 'KEY', 'CREATED', 'EXPIRES', 'LAST USED', 'REVOKED'];

/** Keys as aligned columns, for people. */
export function keyTable(keys: readonly ApiKeyView[]): string {
  const rows = [HEADINGS, ...keys.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}

function cellsOf(key: ApiKeyView): string[] {
  const { id, userId, role, scopes, prefix, createdAt, expiresAt, lastUsedAt, revokedAt } = key;
  return [id, userId, role, scopes.join(',') || 'all', `${prefix}…`, createdAt, expiresAt ?? 'never', lastUsedAt ?? 'never', revokedAt ?? '-'];
}
