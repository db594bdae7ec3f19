import { z } from 'zod';

const text = z.string().trim().min(1);
const url = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });
const modelId = z.string().regex(/^[a-z0-9-]+\/\S+$/, 'must be provider/model, e.g. gemini/gemini-3.6-flash or offline/planner');

function integer(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.string().regex(/^-?\d+$/, error).transform(Number).pipe(z.int(error).min(min, error).max(max, error));
}

const absolutePaths = z
  .string()
  .transform((value) => value.split(',').map((path) => path.trim()).filter(Boolean))
  .refine((paths) => paths.every((path) => path.startsWith('/') && path !== '/'), 'must be absolute paths, separated by commas');

const flag = z
  .enum(['true', 'false', '1', '0'], { error: 'must be true or false' })
  .transform((value) => value === 'true' || value === '1');

interface Variable {
  readonly schema: z.ZodType;
  /** As it would be written in the environment; absent means unset. */
  readonly default?: string;
  /** One line, shown in .env.example and the README. */
  readonly description: string;
}

/**
 * Every environment variable but the `LIMIT_*` family, which the limits registry owns.
 * An empty value counts as unset.
 */
export const VARIABLES = {
  PORT: { schema: integer(0, 65_535), default: '3000', description: 'Port to listen on; 0 picks a free one.' },
  HOST: { schema: text, default: '127.0.0.1', description: 'Address to bind. Single-user mode refuses anything but loopback.' },
  DATA_DIR: { schema: text, default: '.lomu', description: 'Folder of the embedded database and managed workspaces.' },
  DATABASE_URL: {
    schema: z.string().regex(/^postgres(ql)?:\/\//, 'must start with postgres:// or postgresql://'),
    description: 'PostgreSQL to use instead of the embedded database.',
  },
  DATABASE_POOL_SIZE: { schema: integer(2, 200), default: '10', description: 'Connections to PostgreSQL per instance.' },
  DATABASE_STATEMENT_TIMEOUT_MS: { schema: integer(1_000, 600_000), default: '30000', description: 'How long a statement on PostgreSQL may take, and the server be silent under one, before it fails. Migrations may take longer.' },
  REDIS_URL: {
    schema: z.string().regex(/^rediss?:\/\/[^/\s]+/, 'must start with redis:// or rediss://').refine((value) => URL.canParse(value), 'must be a URL'),
    description: 'Redis through which several instances share runs and streams. Unset: one instance, all in memory.',
  },
  REDIS_KEY_PREFIX: { schema: z.string().regex(/^[A-Za-z0-9_.{}-]+$/, 'must be letters, digits and _.{}-'), default: 'lomu', description: 'First part of every key in Redis, up to a colon.' },
  AUTH_MODE: {
    schema: z.enum(['single-user', 'api-key', 'jwt'], { error: 'must be single-user, api-key or jwt (jwt accepts API keys too)' }),
    default: 'single-user',
    description: 'single-user: each loopback request is the local admin; api-key; jwt (accepts API keys too).',
  },
  JWT_SECRET: {
    schema: z.string().min(32, 'must have at least 32 characters'),
    description: 'Secret of HS256 tokens, for AUTH_MODE=jwt.',
  },
  JWKS_URL: { schema: url, description: 'Key set of the token issuer, for AUTH_MODE=jwt.' },
  JWT_ISSUER: { schema: text, description: 'When set, the `iss` a token must carry.' },
  JWT_AUDIENCE: { schema: text, description: 'When set, the `aud` a token must carry.' },
  JWT_ROLE_CLAIM: { schema: text, default: 'role', description: 'Claim that makes a token an admin\'s when it is `admin`; any other value means user.' },
  JWT_PLAN_CLAIM: { schema: text, default: 'plan', description: "Claim with the account's plan, e.g. `free`." },
  DEFAULT_MODEL: { schema: modelId, description: 'Model of a run that names none. Unset: Gemini with a key, else OPENAI_MODEL, else offline/planner.' },
  GEMINI_API_KEY: { schema: text, description: 'Turns Gemini on.' },
  GEMINI_BASE_URL: { schema: url, default: 'https://generativelanguage.googleapis.com', description: 'Where the Gemini API is.' },
  GEMINI_MODEL: { schema: text, default: 'gemini-3.6-flash', description: 'Gemini model used when none is named.' },
  OPENAI_BASE_URL: { schema: url, default: 'https://api.openai.com/v1', description: 'Endpoint that speaks the OpenAI chat API, its version included, e.g. http://127.0.0.1:11434/v1 for Ollama.' },
  OPENAI_API_KEY: { schema: text, description: 'Key of that endpoint; local servers need none.' },
  OPENAI_MODEL: { schema: text, description: 'Model of that endpoint; turns it on. It needs a price row, or ALLOW_UNPRICED_MODELS.' },
  OPENAI_CONTEXT_TOKENS: { schema: integer(1_024, 10_000_000), default: '131072', description: 'Context window of that model, a quarter of it for one answer; local servers often run with less.' },
  FALLBACK_MODEL: { schema: modelId, description: 'Model that a run goes on with when its own keeps failing.' },
  ARCHITECT_MODEL: { schema: modelId, description: 'Stronger model that is asked for advice when a run gets stuck.' },
  WORKSPACES_DIR: { schema: text, description: 'Folder of managed project workspaces. Unset: DATA_DIR/workspaces.' },
  DEFAULT_WORKSPACE: { schema: text, description: "Existing folder that an admin's default project works on. Unset: an empty managed folder." },
  SANDBOX: { schema: z.enum(['bubblewrap', 'off'], { error: 'must be bubblewrap or off' }), default: 'bubblewrap', description: 'What confines commands that the agent runs; off: it runs none.' },
  SANDBOX_UID: { schema: integer(1, 2_000_000_000), default: '60900', description: 'User and group number of commands in managed workspaces when the server runs as root.' },
  SANDBOX_PATHS: { schema: absolutePaths, description: 'Comma-separated folders outside /usr that commands may read, e.g. of tool chains; the `bin` of each is searched for programs.' },
  PROJECT_SOURCES: { schema: absolutePaths, description: 'Comma-separated folders of this machine whose repositories projects may be cloned from. Unset: none.' },
  MCP_SERVERS: { schema: text, description: 'JSON file with the usual `mcpServers` object: servers whose tools the agent may use. `trustAnnotations: true` lets those that say they only read run unasked.' },
  TOOL_POLICY: { schema: text, description: 'JSON file with rules `{tool, input?, decision}` that no project can loosen; decision is allow, ask or deny.' },
  FETCH_URL: { schema: flag, default: 'false', description: 'Offers the agent the tool fetch_url, which reads from the public Internet.' },
  CREDIT_VALUE_NANO_USD: { schema: integer(1, 1_000_000_000_000), default: '1000000', description: 'Value of one credit in nano-USD; the default is a tenth of a cent.' },
  SIGNUP_CREDITS: { schema: integer(0, 1_000_000_000), default: '1000', description: 'Credits granted to each new account.' },
  PRICE_MARKUP_PERCENT: { schema: integer(0, 10_000), default: '0', description: "Added to the provider's price when credits are charged." },
  ALLOW_UNPRICED_MODELS: { schema: flag, default: 'false', description: 'Run models that have no price row; their usage is counted and costs nothing.' },
  LIMITS_PROFILE: { schema: z.enum(['development', 'production'], { error: 'must be development or production' }), default: 'development', description: 'Set of limit defaults for this environment.' },
  ALERT_WEBHOOK_URL: { schema: url, description: 'Where built-in alerts are posted when they begin and end.' },
  ALERT_WEBHOOK_SECRET: { schema: z.string().min(16, 'must have at least 16 characters'), description: 'Key of the HMAC in the header lomu-signature of those posts.' },
  OTEL_EXPORTER_OTLP_ENDPOINT: { schema: url, description: 'OpenTelemetry collector (OTLP over HTTP) that gets a trace of each run, e.g. http://127.0.0.1:4318.' },
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: { schema: flag, default: 'false', description: 'Put what models and tools say into those traces.' },
  METRICS_TOKEN: { schema: z.string().min(16, 'must have at least 16 characters'), description: 'Bearer token that GET /metrics asks for. Unset: loopback only.' },
  SHUTDOWN_GRACE_MS: { schema: integer(0, 600_000), default: '10000', description: 'How long running runs may go on after SIGTERM before they are handed over.' },
  LOG_LEVEL: { schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], { error: 'must be fatal, error, warn, info, debug, trace or silent' }), default: 'info', description: 'Least severe log level that is written.' },
} as const satisfies Record<string, Variable>;

export type VariableName = keyof typeof VARIABLES;
type Defaulted<Name extends VariableName> = (typeof VARIABLES)[Name] extends { default: string } ? never : undefined;

/** The environment after validation, by variable name. */
export type Environment = {
  readonly [Name in VariableName]: z.output<(typeof VARIABLES)[Name]['schema']> | Defaulted<Name>;
};

export interface ParsedEnvironment {
  /** Variables that are wrong are absent. */
  readonly environment: Partial<Environment>;
  /** What is wrong, by variable, in one line each. */
  readonly faults: ReadonlyMap<VariableName, string>;
}

/** Validates all variables and names every fault at once. */
export function parseEnvironment(raw: Readonly<Record<string, string | undefined>>): ParsedEnvironment {
  const faults = new Map<VariableName, string>();
  const environment: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(VARIABLES) as [VariableName, Variable][]) {
    const value = raw[name]?.trim() || variable.default;
    if (value === undefined) continue;
    const result = variable.schema.safeParse(value);
    if (result.success) environment[name] = result.data;
    else faults.set(name, `${name}: ${messagesOf(result.error)} (got ${describe(name, value)})`);
  }
  return { environment, faults };
}

function messagesOf(error: z.ZodError): string {
  return [...new Set(error.issues.map((issue) => issue.message))].join('; ');
}

/** Values of secrets stay out of error messages. */
function describe(name: string, value: string): string {
  return /KEY|SECRET|TOKEN|DATABASE_URL|REDIS_URL/.test(name) ? 'a value not shown here' : JSON.stringify(value);
}
