import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { ControlToken } from './auth/index.js';
import { createApp } from './bootstrap.js';
import { type Config, ConfigurationError, loadConfig } from './config/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection, DatabaseUnusableError } from './database/index.js';
import { DrainingExpressAdapter } from './http/index.js';
import { checkLimitVariables } from './limits/index.js';
import { RedisUnusableError } from './redis/index.js';

/** Boots the server. What a person can mend is said in a few lines and ends with exit code 1. */
async function main(): Promise<void> {
  const config = loadConfig(checkLimitVariables);
  const adapter = new DrainingExpressAdapter(true);
  process.once('SIGINT', () => adapter.hurry()); // somebody waits for the prompt
  const app = await createApp(config, { adapter });
  try {
    await app.listen(config.http.port, config.http.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = app.getHttpServer().address() as AddressInfo;
  await app.get<DatabaseConnection>(DATABASE_CONNECTION).publishControl({ url: urlOf(loopbackOf(config.http.host), port), token: app.get(ControlToken).value });
  greet(config, urlOf(config.http.host, port));
}

/** Local tools cannot connect to a wildcard address everywhere. */
function loopbackOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function greet(config: Config, url: string): void {
  const database = config.database.url ? 'PostgreSQL' : `embedded, in ${config.dataDir}`;
  const lines = [`Lomu is listening on ${url}`, `  model     ${config.models.defaultModel}${config.models.defaultModel.startsWith('offline/') ? ' (no AI: set GEMINI_API_KEY, or OPENAI_BASE_URL and OPENAI_MODEL, for a real model)' : ''}`, `  database  ${database}`, `  access    ${config.auth.mode}`];
  if (process.stdout.isTTY) console.log(lines.join('\n'));
  else console.log(JSON.stringify({ level: 'info', time: new Date().toISOString(), message: 'listening', url, model: config.models.defaultModel, database: config.database.url ? 'postgresql' : 'embedded', access: config.auth.mode }));
}

function explain(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof DatabaseUnusableError || error instanceof RedisUnusableError) return error.message;
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (code === 'EADDRINUSE') return `Port ${port} is in use. Stop what listens there, or set PORT to another one (0 picks a free one).`;
  if (code === 'EADDRNOTAVAIL') return `HOST ${address} is not an address of this machine.`;
  if (code === 'EACCES') return `Port ${port} needs rights this user does not have. Set PORT to one above 1023.`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

main().catch((error: unknown) => {
  console.error(`Lomu cannot start. ${explain(error)}`);
  process.exit(1);
});
