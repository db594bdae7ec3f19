import type { Clock } from '../../common/index.js';
import { applyMigrations, type DatabaseConnection, MIGRATIONS_DIRECTORY, PrismaService } from '../../database/index.js';
import { MAX_PAGE_SIZE, type Page } from '../../http/index.js';
import { ApiKeys } from '../api-keys.js';
import type { ApiKeyOrder, ApiKeyView, CreatedApiKey, KeyAdministration } from '../key-administration.port.js';
import { LOCAL_USER_ID } from '../user-id.js';

/** Administers keys in the database itself, while no server holds it alone. */
export class PrismaKeyAdministration implements KeyAdministration {
  private readonly prisma: PrismaService;
  private readonly keys: ApiKeys;

  private constructor(connection: DatabaseConnection, clock: Clock) {
    this.prisma = new PrismaService(connection);
    this.keys = new ApiKeys(this.prisma, clock);
  }

  /** Lends itself to `work`, on a database brought up to date, and closes the connection. */
  static async use(connection: DatabaseConnection, clock: Clock, work: (administration: KeyAdministration) => Promise<void>): Promise<void> {
    try {
      await applyMigrations(connection, MIGRATIONS_DIRECTORY);
      const administration = new PrismaKeyAdministration(connection, clock);
      await work(administration);
      await administration.prisma.$disconnect();
    } finally {
      await connection.close();
    }
  }

  create(order: ApiKeyOrder): Promise<CreatedApiKey> {
    return this.keys.create(order, LOCAL_USER_ID);
  }

  list(cursor?: string): Promise<Page<ApiKeyView>> {
    return this.keys.list(MAX_PAGE_SIZE, cursor);
  }

  async revoke(id: string): Promise<void> {
    await this.keys.revoke(id);
  }
}
