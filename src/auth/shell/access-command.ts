import { AppError, type Clock, SystemClock } from '../../common/index.js';
import { type Config, ConfigurationError, loadConfig } from '../../config/index.js';
import { DatabaseUnusableError, DataFolderInUseError, findControlEndpoint, openDatabase } from '../../database/index.js';
import type { ApiKeyView, KeyAdministration } from '../key-administration.port.js';
import { type AccessCommand, parseAccessArguments, USAGE, UsageError } from './access-arguments.js';
import { HttpKeyAdministration, ServerRefusedError } from './http.key-administration.js';
import { keyTable } from './key-table.js';
import { PrismaKeyAdministration } from './prisma.key-administration.js';

/** Where the command writes: `result` is for programs to read, `note` for people. */
export interface AccessCommandOutput {
  result(text: string): void;
  note(text: string): void;
}

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;
const STARTING_RETRY_MS = 500;
const STARTING_ATTEMPTS = 20;

/**
 * `npm run access`: makes, lists and revokes API keys from the shell.
 * @param args what follows the command's name
 * @param environment instead of the process's own
 * @returns the exit code: 0 done, 1 failed, 2 misused
 */
export async function runAccessCommand(args: readonly string[], output: AccessCommandOutput, environment?: Record<string, string | undefined>): Promise<number> {
  try {
    const command = parseAccessArguments(args);
    if (command.kind === 'help') {
      output.result(USAGE);
      return DONE;
    }
    const config = loadConfig(() => [], environment); // limits have no say here: a wrong one must not keep the admin out
    await administer(config, new SystemClock(), (administration) => run(command, administration, output));
    return DONE;
  } catch (error) {
    if (!isExpected(error)) throw error;
    output.note(error.message);
    return error instanceof UsageError ? MISUSED : FAILED;
  }
}

async function run(command: Exclude<AccessCommand, { kind: 'help' }>, administration: KeyAdministration, output: AccessCommandOutput): Promise<void> {
  switch (command.kind) {
    case 'create-key':
      return output.result((await administration.create(command.order)).key);
    case 'list-keys':
      return output.result(keyTable(await allKeys(administration)));
    case 'revoke-key':
      await administration.revoke(command.id);
      return output.note(`Revoked ${command.id}.`);
  }
}

async function allKeys(administration: KeyAdministration): Promise<ApiKeyView[]> {
  const keys: ApiKeyView[] = [];
  let cursor: string | undefined;
  do {
    const page = await administration.list(cursor);
    keys.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return keys;
}

/** Works through the server that holds the embedded database, else in the database itself. */
async function administer(config: Config, clock: Clock, work: (administration: KeyAdministration) => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const server = config.database.url === undefined ? await findControlEndpoint(config.dataDir) : undefined;
    if (server) return work(new HttpKeyAdministration(server));
    const connection = await openDatabase(config).catch((error: unknown) => {
      if (error instanceof DataFolderInUseError && attempt < STARTING_ATTEMPTS) return undefined;
      throw error;
    });
    if (connection) return PrismaKeyAdministration.use(connection, clock, work);
    await clock.sleep(STARTING_RETRY_MS); // its holder is starting or stopping
  }
}

/** Errors whose message is all a person needs. */
function isExpected(error: unknown): error is Error {
  return [UsageError, AppError, ConfigurationError, DatabaseUnusableError, ServerRefusedError].some((expected) => error instanceof expected);
}
