import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/bootstrap.js';
import { type Config, loadConfig } from '../../src/config/index.js';
import { checkLimitVariables } from '../../src/limits/index.js';
import { HttpClient } from './http-client.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';
import type { TestWorkspace } from './test-workspace.js';

export interface TestAppOptions {
  /** Environment variables on top of a quiet single-user setup. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly workspace?: TestWorkspace;
  /** A database to share with another instance; otherwise the app gets its own, closed with it. */
  readonly database?: TestDatabase;
}

export interface TestApp {
  readonly app: NestExpressApplication;
  readonly config: Config;
  readonly database: TestDatabase;
  readonly url: string;
  /** A client without credentials: the local admin in single-user mode, nobody otherwise. */
  readonly client: HttpClient;
  close(): Promise<void>;
}

/** Boots the whole application on a free port with a database of its own. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const dataDir = await mkdtemp(join(tmpdir(), 'lomu-test-'));
  const database = options.database ?? (await createTestDatabase());
  const config = loadConfig(checkLimitVariables, {
    DATA_DIR: dataDir,
    PORT: '0',
    LOG_LEVEL: process.env.TEST_LOG_LEVEL ?? 'fatal',
    SHUTDOWN_GRACE_MS: '200',
    ...(options.workspace ? { DEFAULT_WORKSPACE: options.workspace.path } : {}),
    ...options.environment,
  });
  // The database outlives the app when it is shared, so the app must not close it.
  const connection = { ...database.connection, close: async () => undefined };
  const app = await createApp(config, { connection });
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  return {
    app,
    config,
    database,
    url,
    client: new HttpClient(url),
    close: async () => {
      await app.close();
      if (!options.database) await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
