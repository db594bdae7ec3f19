import type { AddressInfo } from 'node:net';
import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SignJWT } from 'jose';
import { AuthModule } from '../../../src/auth/index.js';
import { CLOCK, type Role, SystemClock } from '../../../src/common/index.js';
import { ConfigModule, loadConfig } from '../../../src/config/index.js';
import { DATABASE_CONNECTION, PrismaService } from '../../../src/database/index.js';
import { assignRequestId, createValidationPipe, ProblemFilter } from '../../../src/http/index.js';
import { checkLimitVariables, type Limits, LIMITS_READER, LimitsModule } from '../../../src/limits/index.js';
import type { TestDatabase } from '../../support/test-database.js';

const SECRET = 'a secret of at least 32 characters';

export interface LimitsApp {
  readonly limits: Limits;
  as(userId: string, role?: Role): Promise<JsonClient>;
  close(): Promise<void>;
}

export interface JsonAnswer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read answers of many shapes
  readonly body: any;
}

/** Sends JSON with a token; a text goes out as it is. */
export class JsonClient {
  constructor(
    private readonly url: string,
    private readonly token: string,
  ) {}

  readonly get = (path: string): Promise<JsonAnswer> => this.send('GET', path);
  readonly put = (path: string, body: unknown): Promise<JsonAnswer> => this.send('PUT', path, body);
  readonly post = (path: string, body?: unknown, headers?: Record<string, string>): Promise<JsonAnswer> => this.send('POST', path, body, headers);
  readonly patch = (path: string, body: unknown): Promise<JsonAnswer> => this.send('PATCH', path, body);
  readonly delete = (path: string): Promise<JsonAnswer> => this.send('DELETE', path);

  private async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<JsonAnswer> {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }
}

/** LimitsModule behind the real guard, and nothing else; the database stays open. */
export async function startLimitsApp(database: TestDatabase, variables: Readonly<Record<string, string>> = {}): Promise<LimitsApp> {
  const config = loadConfig(checkLimitVariables, { AUTH_MODE: 'jwt', JWT_SECRET: SECRET, ...variables });

  @Global()
  @Module({
    providers: [
      { provide: CLOCK, useClass: SystemClock },
      { provide: PrismaService, useValue: database.prisma },
      { provide: DATABASE_CONNECTION, useValue: database.connection },
    ],
    exports: [CLOCK, PrismaService, DATABASE_CONNECTION],
  })
  class SurroundingsModule {}

  @Module({ imports: [ConfigModule.forRoot(config), SurroundingsModule, LimitsModule, AuthModule] })
  class RootModule {}

  const app = await NestFactory.create<NestExpressApplication>(RootModule, { logger: false });
  app.use(assignRequestId);
  app.useGlobalPipes(createValidationPipe());
  app.useGlobalFilters(new ProblemFilter());
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return {
    limits: app.get<Limits>(LIMITS_READER),
    as: async (userId, role = 'user') => new JsonClient(url, await signToken(userId, role, config.auth.jwtRoleClaim)),
    close: () => app.close(),
  };
}

function signToken(userId: string, role: Role, roleClaim: string): Promise<string> {
  return new SignJWT({ [roleClaim]: role }).setProtectedHeader({ alg: 'HS256' }).setSubject(userId).setExpirationTime('1h').sign(new TextEncoder().encode(SECRET));
}
