import 'reflect-metadata';
import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { CLOCK, type Clock, type Role } from '../../../src/common/index.js';
import { PrismaService } from '../../../src/database/index.js';
import { FailureDetectionModule } from '../../../src/failure-detection/index.js';
import { createValidationPipe, ProblemFilter, setPrincipal } from '../../../src/http/index.js';
import { LIMITS, type Limits, LIMITS_READER } from '../../../src/limits/index.js';
import type { TestDatabase } from '../../support/test-database.js';

/** Somebody else's application that imports FailureDetectionModule alone, with an access control of its own. */
export async function startForeignApp(database: TestDatabase, clock: Clock): Promise<NestExpressApplication> {
  const limits: Pick<Limits, 'of'> = { of: (snapshot, key) => snapshot.values[key] ?? LIMITS[key].default };

  @Global()
  @Module({
    providers: [
      { provide: CLOCK, useValue: clock },
      { provide: PrismaService, useValue: database.prisma },
      { provide: LIMITS_READER, useValue: limits },
    ],
    exports: [CLOCK, PrismaService, LIMITS_READER],
  })
  class SurroundingsModule {}

  @Module({ imports: [SurroundingsModule, FailureDetectionModule] })
  class RootModule {}

  const app = await NestFactory.create<NestExpressApplication>(RootModule, { logger: false });
  app.use((request: Request, _: Response, next: NextFunction) => {
    const [userId = '', role = 'user'] = (request.headers.authorization ?? '').split(' ');
    setPrincipal(request, { userId, role: role as Role, plan: 'free', scopes: [] });
    next();
  });
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  return app.init();
}
