import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, Global, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { z } from 'zod';
import { AuthModule } from '../../../src/auth/index.js';
import { CLOCK, type Clock, type Principal } from '../../../src/common/index.js';
import { ConfigModule, loadConfig } from '../../../src/config/index.js';
import { DATABASE_CONNECTION, PrismaService } from '../../../src/database/index.js';
import { AcceptsTicket, AdminOnly, assignRequestId, createValidationPipe, CurrentPrincipal, ProblemFilter, Public, RequiresScope } from '../../../src/http/index.js';
import { type Limits, LIMITS_READER } from '../../../src/limits/index.js';
import type { TestDatabase } from '../test-database.js';

/** Routes of every kind that the guard knows. */
@Controller('probe')
class ProbeController {
  @Get('plain')
  plain(@CurrentPrincipal() principal: Principal): Principal {
    return principal;
  }

  @Public()
  @Get('public')
  open(): object {
    return { open: true };
  }

  @AdminOnly()
  @Get('admin')
  admin(): object {
    return {};
  }

  @RequiresScope('billing')
  @Get('billing')
  billing(): object {
    return {};
  }

  @Public()
  @AdminOnly()
  @Get('contradiction')
  contradiction(): object {
    return {};
  }

  @AcceptsTicket()
  @RequiresScope('chat')
  @Get('runs/:runId/events')
  events(@CurrentPrincipal() principal: Principal, @Param('runId') runId: string): object {
    return { runId, userId: principal.userId, role: principal.role };
  }

  @Get('runs/:runId')
  run(): object {
    return {};
  }

  @Post('things')
  create(@Body({ schema: z.strictObject({ name: z.string().max(10) }) }) body: { name: string }): object {
    return body;
  }

  @Public()
  @Get('failing')
  failing(): never {
    throw new Error('secret detail of the inside');
  }
}

export interface AccessApp {
  readonly url: string;
  readonly app: NestExpressApplication;
  close(): Promise<void>;
}

/** A small application behind the real guard, on a free port; only the database is the caller's to close. */
export async function startAccessApp(database: TestDatabase, clock: Clock, limits: Limits, environment: Record<string, string>): Promise<AccessApp> {
  const config = loadConfig(() => [], environment);

  @Global()
  @Module({
    providers: [
      { provide: CLOCK, useValue: clock },
      { provide: LIMITS_READER, useValue: limits },
      { provide: PrismaService, useValue: database.prisma },
      { provide: DATABASE_CONNECTION, useValue: database.connection },
    ],
    exports: [CLOCK, LIMITS_READER, PrismaService, DATABASE_CONNECTION],
  })
  class SurroundingsModule {}

  @Module({ imports: [ConfigModule.forRoot(config), SurroundingsModule, AuthModule], controllers: [ProbeController] })
  class RootModule {}

  const app = await NestFactory.create<NestExpressApplication>(RootModule, { logger: false, bodyParser: false });
  app.use(assignRequestId);
  app.useBodyParser('json', { limit: 2_000 });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}`, close: () => app.close() };
}
