import { type DatabaseConnection, PrismaService } from '../../../src/database/index.js';
import { accountFaults } from '../ledger/reconcile.js';

/** What a writer was told is written: an entry of the ledger, a run with its message, or the end of a run with its answer. */
export type Acknowledged = { readonly kind: 'grant'; readonly id: string } | { readonly kind: 'run' | 'answer'; readonly id: string; readonly text: string };

/** Holds a database against all that was acknowledged so far. */
export async function faultsOf(connection: DatabaseConnection, acknowledged: readonly Acknowledged[]): Promise<string[]> {
  const prisma = new PrismaService(connection);
  try {
    const entries = new Set((await prisma.ledgerEntry.findMany({ select: { id: true } })).map(({ id }) => id));
    const runs = new Map((await prisma.run.findMany({ select: { id: true, status: true } })).map(({ id, status }) => [id, status]));
    const messages = new Map((await prisma.message.findMany()).map(({ runId, role, text }) => [`${runId} ${role}`, text]));
    const lost = acknowledged.filter((written) => {
      if (written.kind === 'grant') return !entries.has(written.id);
      if (written.kind === 'run') return !runs.has(written.id) || messages.get(`${written.id} user`) !== written.text;
      return runs.get(written.id) !== 'completed' || messages.get(`${written.id} assistant`) !== written.text;
    });
    return [...lost.map((written) => `lost: ${JSON.stringify(written)}`), ...(await accountFaults(prisma))];
  } finally {
    await prisma.$disconnect();
  }
}
