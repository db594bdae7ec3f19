import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import { CLOCK, SystemClock } from '../../../src/common/index.js';
import { ConfigModule, loadConfig } from '../../../src/config/index.js';
import { DatabaseModule } from '../../../src/database/index.js';
import { createValidationPipe, ProblemFilter, setPrincipal } from '../../../src/http/index.js';
import { checkLimitVariables, LIMITS_READER, type LimitValues } from '../../../src/limits/index.js';
import { ToolsModule } from '../../../src/tools/index.js';
import { HttpClient } from '../http-client.js';
import { FixedLimits } from '../streaming/fixed-limits.js';
import { createTestDatabase, type TestDatabase } from '../test-database.js';

export interface ProjectsApp {
  readonly app: NestExpressApplication;
  readonly database: TestDatabase;
  readonly limits: FixedLimits;
  readonly workspacesDirectory: string;
  /** A client whose word for who it is is taken. */
  as(userId: string): HttpClient;
  close(): Promise<void>;
}

/** An application that is not ours: it imports the tools module with what that asks for, and nothing else of ours. */
export async function createProjectsApp(environment: Readonly<Record<string, string>> = {}, limitValues: Partial<LimitValues> = {}): Promise<ProjectsApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lomu-projects-'));
  const database = await createTestDatabase();
  const config = loadConfig(checkLimitVariables, { DATA_DIR: dataDir, ...environment });
  const limits = new FixedLimits(limitValues);
  @Global()
  @Module({
    providers: [
      { provide: CLOCK, useClass: SystemClock },
      { provide: LIMITS_READER, useValue: limits },
    ],
    exports: [CLOCK, LIMITS_READER],
  })
  class SomebodysCoreModule {}
  @Module({ imports: [ConfigModule.forRoot(config), DatabaseModule.forRoot({ ...database.connection, close: async () => undefined }), SomebodysCoreModule, ToolsModule] })
  class SomebodysAppModule {}

  const app = await NestFactory.create<NestExpressApplication>(SomebodysAppModule, { logger: false, abortOnError: false });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  app.use((request: Request, _: unknown, next: () => void) => {
    setPrincipal(request, { userId: request.header('x-user') ?? 'nobody', role: 'user', plan: 'free', scopes: [] });
    next();
  });
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return {
    app,
    database,
    limits,
    workspacesDirectory: config.workspaces.directory,
    as: (userId) => new HttpClient(url, { 'x-user': userId }),
    close: async () => {
      await app.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
