import { Inject, Injectable } from '@nestjs/common';
import { DATABASE_CONNECTION, type DatabaseConnection } from './database-connection.js';
import { type Prisma, PrismaClient } from './generated/client.js';

/** The one Prisma client of an application; the connection under it is opened and closed by DatabaseModule. */
@Injectable()
export class PrismaService extends PrismaClient {
  constructor(@Inject(DATABASE_CONNECTION) connection: DatabaseConnection) {
    super({ adapter: connection.adapter, errorFormat: 'minimal' });
  }
}

/** What runs either inside or outside a transaction. */
export type Database = Prisma.TransactionClient;
