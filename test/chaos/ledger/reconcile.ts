import type { PrismaService } from '../../../src/database/index.js';
import type { RecordedCall } from '../../support/gemini-emulator/index.js';

/** gemini-3.6-flash until 2027, in nano-USD per token. */
const INPUT_RATE = 750n;
const OUTPUT_RATE = 3_750n;

export interface Reconciled {
  /** Calls that the emulator put usage on the wire for. */
  readonly served: number;
  readonly settled: number;
  /** Served, and the instance died before it could say so: each has a dispatched hold, open or given up as lost. */
  readonly lost: number;
  /** What does not add up, in words. */
  readonly faults: readonly string[];
}

interface UsageRow {
  readonly holdId: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly chargedNanoUsd: bigint;
  readonly costNanoUsd: bigint;
  readonly isPartial: boolean;
}

/** Holds ledger, holds and usage against each other, and usage against what the emulator itself counted. */
export async function reconcile(prisma: PrismaService, calls: readonly RecordedCall[]): Promise<Reconciled> {
  const usage = await prisma.usageRecord.findMany({ where: { isPresumed: false }, orderBy: { isPartial: 'asc' } });
  const served = new Map(calls.flatMap(({ usage: sent }) => (sent ? [[sent.promptTokenCount, sent] as const] : [])));
  const faults = [...(await accountFaults(prisma)), ...paymentFaults(usage)];
  const matched = new Set<number>();
  let locallyCounted = 0;
  for (const row of usage) {
    const sent = served.get(row.inputTokens);
    const [candidates, thoughts] = [sent?.candidatesTokenCount ?? 0, sent?.thoughtsTokenCount ?? 0];
    const isWhole = row.outputTokens === candidates && row.reasoningTokens === thoughts;
    const isPart = row.isPartial && row.outputTokens <= candidates && row.reasoningTokens <= thoughts;
    if (!sent && !row.isPartial) faults.push(`${row.holdId} was settled, and the emulator served no such call`);
    else if (sent && !isWhole && !isPart) faults.push(`${row.holdId} was settled with other counts than were served`);
    const isSettled = sent !== undefined && matched.has(row.inputTokens);
    if (isSettled && !row.isPartial) faults.push(`the call of ${row.inputTokens} prompt tokens was settled twice`);
    if (!sent || isSettled) locallyCounted++; // what was expected of a prompt may be what another one had
    matched.add(row.inputTokens);
    if (row.costNanoUsd !== BigInt(row.inputTokens) * INPUT_RATE + BigInt(row.outputTokens + row.reasoningTokens) * OUTPUT_RATE) faults.push(`${row.holdId} does not cost what its tokens do`);
  }
  const unsettled = [...served.keys()].filter((prompt) => !matched.has(prompt)).length;
  const dispatched = await prisma.creditHold.count({ where: { dispatchedAt: { not: null }, status: { in: ['held', 'lost'] } } });
  if (unsettled - locallyCounted > dispatched) faults.push(`${unsettled} served calls are not settled, and only ${dispatched} holds are open or lost`);
  return { served: served.size, settled: usage.length, lost: unsettled, faults };
}

/** I3, in sums over everything. */
export async function accountFaults(prisma: PrismaService): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ userId: string; posted: bigint; held: bigint; ledger: bigint; holds: bigint; charged: bigint; paid: bigint }[]>`
    SELECT a.user_id AS "userId", a.posted_nano_usd AS posted, a.held_nano_usd AS held,
      (SELECT COALESCE(SUM(amount_nano_usd), 0)::bigint FROM ledger_entries l WHERE l.user_id = a.user_id) AS ledger,
      (SELECT COALESCE(SUM(amount_nano_usd), 0)::bigint FROM credit_holds h WHERE h.user_id = a.user_id AND h.status = 'held') AS holds,
      (SELECT COALESCE(SUM(charged_nano_usd), 0)::bigint FROM usage_records u WHERE u.user_id = a.user_id) AS charged,
      (SELECT -COALESCE(SUM(amount_nano_usd), 0)::bigint FROM ledger_entries l WHERE l.user_id = a.user_id AND l.kind = 'usage') AS paid
    FROM credit_accounts a`;
  return rows.flatMap(({ userId, posted, held, ledger, holds, charged, paid }) => [
    ...(posted === ledger ? [] : [`${userId}: posted ${posted}, ledger ${ledger}`]),
    ...(held === holds ? [] : [`${userId}: held ${held}, holds ${holds}`]),
    ...(charged === paid ? [] : [`${userId}: usage ${charged}, ledger of usage ${paid}`]),
  ]);
}

/** However many attempts an answer took, its user pays for the dearest one. */
function paymentFaults(usage: readonly UsageRow[]): string[] {
  const calls = new Map<string, { charged: bigint; dearest: bigint }>();
  for (const { holdId, chargedNanoUsd, costNanoUsd } of usage) {
    const key = holdId.slice(0, holdId.lastIndexOf(':'));
    const { charged, dearest } = calls.get(key) ?? { charged: 0n, dearest: 0n };
    calls.set(key, { charged: charged + chargedNanoUsd, dearest: costNanoUsd > dearest ? costNanoUsd : dearest });
  }
  return [...calls].filter(([, { charged, dearest }]) => charged !== dearest).map(([key, { charged, dearest }]) => `${key} was charged ${charged}, and its dearest attempt cost ${dearest}`);
}
