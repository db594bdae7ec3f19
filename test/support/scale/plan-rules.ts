import type { ExecutedPlan, TableScan } from './executed-plans.js';

/** Tables that grow with use, for as long as somebody uses the service or the retention allows. */
const GROWING = new Set([
  'conversations', 'conversation_sessions', 'messages', 'runs', 'steps', 'tool_calls', 'credit_accounts', 'credit_holds', 'ledger_entries', 'usage_records', 'failure_incidents', 'idempotency_records',
]);

/** A page has 50 rows, a prompt 40 messages: more than a few times that was searched, not looked up. */
const MAX_ROWS_READ = 300;

/** What has to read more, and why. Never a whole table for one user's sake. */
const READS_MORE: Readonly<Record<string, string>> = {
  balance: 'sums what the user was charged this month, from an index alone',
  'job ledger-reconciliation': 'recounts every account',
};

/** In words, each scan that would get slower as its table grows. */
export function findSlowScans(operation: string, plans: readonly ExecutedPlan[]): string[] {
  if (operation in READS_MORE) return [];
  return plans.flatMap(({ sql, scans }) => scans.filter(isSlow).map((scan) => `${operation}: ${describeScan(scan)} for ${sql.slice(0, 300)}`));
}

export function describeScan({ node, index, table, rowsRead }: TableScan): string {
  return `${node} of ${index ?? table} (${rowsRead} rows)`;
}

function isSlow({ table, node, rowsRead }: TableScan): boolean {
  return GROWING.has(table) && (node === 'Seq Scan' || rowsRead > MAX_ROWS_READ);
}
