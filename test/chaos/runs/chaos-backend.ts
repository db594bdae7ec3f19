import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPGlite, PrismaService } from '../../../src/database/index.js';
import { prepareDataFolder } from '../../support/database/prepared-data-folder.js';
import { createTestRedis } from '../../support/redis/test-redis.js';
import { createPostgresqlDatabase } from '../../support/test-database.js';

/** What the instances under test share, and how to look into their database when they are gone. */
export interface ChaosBackend {
  /** One for each instance. */
  readonly environments: readonly Readonly<Record<string, string>>[];
  inspect<Result>(look: (prisma: PrismaService) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** One instance with the database inside it. */
export async function embeddedBackend(): Promise<ChaosBackend> {
  const { dataDir, shared } = await createFolders(await prepareDataFolder('lomu-chaos-'));
  return {
    environments: [{ ...shared, DATA_DIR: dataDir }],
    inspect: async (look) => {
      const connection = await openPGlite(dataDir);
      const prisma = new PrismaService(connection);
      try {
        return await look(prisma);
      } finally {
        await prisma.$disconnect();
        await connection.close();
      }
    },
    close: () => rm(dataDir, { recursive: true, force: true }),
  };
}

/** Two instances over one PostgreSQL and one Redis. */
export async function sharedBackend(databaseUrl: string): Promise<ChaosBackend> {
  const { dataDir, shared } = await createFolders(await mkdtemp(join(tmpdir(), 'lomu-chaos-')));
  const database = await createPostgresqlDatabase(databaseUrl);
  const redis = await createTestRedis();
  const environment = { ...shared, DATABASE_URL: database.url as string, ...redis.environment, WORKSPACES_DIR: join(dataDir, 'workspaces') };
  return {
    environments: ['one', 'two'].map((name) => ({ ...environment, DATA_DIR: join(dataDir, name) })),
    inspect: (look) => look(database.prisma),
    close: async () => {
      await redis.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The killed leave temporary files. */
async function createFolders(dataDir: string): Promise<{ dataDir: string; shared: Readonly<Record<string, string>> }> {
  const temporary = join(dataDir, 'tmp');
  await mkdir(temporary);
  return { dataDir, shared: { TMPDIR: temporary } };
}
