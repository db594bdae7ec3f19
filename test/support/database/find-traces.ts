import type { PrismaService } from '../../../src/database/index.js';

/** The tables, with the number of their rows, in which any column has one of the texts. */
export async function findTraces(prisma: PrismaService, texts: readonly string[]): Promise<Record<string, number>> {
  const tables = await prisma.$queryRawUnsafe<{ name: string }[]>(`SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1`);
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const [row] = await prisma.$queryRawUnsafe<{ count: number }[]>(`SELECT count(*)::int AS count FROM "${name}" t WHERE to_jsonb(t)::text ~ $1`, texts.join('|'));
    if (row && row.count > 0) found[name] = row.count;
  }
  return found;
}
