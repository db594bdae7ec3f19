import { parseArgs } from 'node:util';
import { apiKeyOrderSchema } from '../access.schemas.js';
import type { ApiKeyOrder } from '../key-administration.port.js';

export const USAGE = `Usage: npm run --silent access -- <command> [options]

  create-key --user <id>      Makes an API key and prints it alone; it is shown this once.
    --role user|admin         Rights of the key (default: user).
    --scopes <a,b>            Parts of the API it is limited to: chat, projects, billing, metrics, limits, access.
    --expires-at <time>       ISO 8601 with zone, e.g. 2027-01-31T00:00:00Z (default: never).
    --plan <name>             New plan of the user's account (default: as it is; "free" for a new one).
  list-keys                   Lists all keys, newest first.
  revoke-key --id <id>        Ends a key for good.

Works on the database that the server's configuration names (.env, DATA_DIR, DATABASE_URL), through the
running server when it holds the embedded one. Exit codes: 0 done, 1 failed, 2 misused.`;

export type AccessCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'create-key'; readonly order: ApiKeyOrder }
  | { readonly kind: 'list-keys' }
  | { readonly kind: 'revoke-key'; readonly id: string };

/** The command line asks for nothing that exists. */
export class UsageError extends Error {
  constructor(fault: string) {
    super(`${fault}\n\n${USAGE}`);
    this.name = 'UsageError';
  }
}

const OPTIONS = {
  'create-key': { user: { type: 'string' }, role: { type: 'string' }, scopes: { type: 'string' }, 'expires-at': { type: 'string' }, plan: { type: 'string' } },
  'list-keys': {},
  'revoke-key': { id: { type: 'string' } },
} as const;

/** @throws UsageError */
export function parseAccessArguments(args: readonly string[]): AccessCommand {
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || args.includes('--help') || args.includes('-h')) return { kind: 'help' };
  switch (name) {
    case 'create-key':
      return { kind: name, order: orderOf(optionsOf(rest, OPTIONS[name])) };
    case 'list-keys':
      optionsOf(rest, OPTIONS[name]);
      return { kind: name };
    case 'revoke-key':
      return { kind: name, id: optionsOf(rest, OPTIONS[name])['id'] ?? missing('--id') };
    default:
      throw new UsageError(`There is no command ${name}.`);
  }
}

type Options = Readonly<Record<string, string | undefined>>;

function optionsOf(args: readonly string[], options: Record<string, { type: 'string' }>): Options {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function orderOf(options: Options): ApiKeyOrder {
  const order = apiKeyOrderSchema.safeParse({
    userId: options['user'] ?? missing('--user'),
    role: options['role'] ?? 'user',
    scopes: options['scopes']?.split(',').map((scope) => scope.trim()),
    expiresAt: options['expires-at'],
    plan: options['plan'],
  });
  if (order.success) return order.data;
  throw new UsageError(order.error.issues.map((issue) => `${String(issue.path[0])}: ${issue.message}`).join('\n'));
}

function missing(option: string): never {
  throw new UsageError(`${option} is missing.`);
}
