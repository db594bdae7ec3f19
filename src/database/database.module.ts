import { type DynamicModule, Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection } from './database-connection.js';
import { MIGRATIONS_DIRECTORY } from './migrations-directory.js';
import { applyMigrations } from './migrations.js';
import { openPGlite } from './pglite.database-connection.js';
import { openPostgresql } from './postgresql.database-connection.js';
import { PrismaService } from './prisma.service.js';

/** Opens the database, brings its schema up to date, and closes it after everything else has ended. */
@Global()
@Module({})
export class DatabaseModule implements OnApplicationShutdown {
  constructor(
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
    private readonly prisma: PrismaService,
  ) {}

  /** @param connection an open database to use instead of the configured one */
  static forRoot(connection?: DatabaseConnection): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [
        {
          provide: DATABASE_CONNECTION,
          inject: [CONFIG],
          useFactory: async (config: Config) => {
            const opened = connection ?? (await openDatabase(config));
            try {
              await applyMigrations(opened, MIGRATIONS_DIRECTORY);
              return opened;
            } catch (error) {
              await opened.close();
              throw error;
            }
          },
        },
        PrismaService,
      ],
      exports: [DATABASE_CONNECTION, PrismaService],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.prisma.$disconnect();
    await this.connection.close();
  }
}

export function openDatabase(config: Pick<Config, 'dataDir' | 'database'>): Promise<DatabaseConnection> {
  return config.database.url ? openPostgresql(config.database.url, config.database) : openPGlite(config.dataDir);
}
