import { resolve } from 'node:path';
import { BlockList, isIP } from 'node:net';
import type { Environment, ParsedEnvironment } from './environment.js';

/** What this process was told, fixed at boot. Values that may change while it runs are limits instead. */
export interface Config {
  readonly http: { readonly port: number; readonly host: string };
  readonly dataDir: string;
  readonly database: { readonly url?: string; readonly poolSize: number; readonly statementTimeoutMs: number };
  /** Absent: this instance is the only one. */
  readonly redis?: { readonly url: string; readonly keyPrefix: string };
  readonly auth: {
    readonly mode: 'single-user' | 'api-key' | 'jwt';
    readonly jwtSecret?: string;
    readonly jwksUrl?: string;
    readonly jwtIssuer?: string;
    readonly jwtAudience?: string;
    readonly jwtRoleClaim: string;
    readonly jwtPlanClaim: string;
  };
  readonly models: {
    /** `provider/model` */
    readonly defaultModel: string;
    /** Both `provider/model`. */
    readonly fallbackModel?: string;
    readonly architectModel?: string;
    readonly gemini?: { readonly apiKey: string; readonly baseUrl: string; readonly model: string };
    readonly openai?: { readonly apiKey?: string; readonly baseUrl: string; readonly model: string; readonly contextTokens: number };
  };
  readonly workspaces: {
    readonly directory: string;
    readonly defaultWorkspace?: string;
    /** Folders whose repositories may be cloned. */
    readonly sources: readonly string[];
  };
  readonly sandbox: {
    readonly kind: 'bubblewrap' | 'off';
    /** Runs commands when the server itself is root. */
    readonly user: { readonly uid: number; readonly gid: number };
    /** Further folders with programs that commands may read. */
    readonly toolPaths: readonly string[];
  };
  /** File that names MCP servers. */
  readonly mcpServersFile?: string;
  /** File with the tool policy of the server. */
  readonly toolPolicyFile?: string;
  readonly tools: { readonly fetchUrl: boolean };
  readonly billing: {
    readonly creditValueNanoUsd: bigint;
    readonly signupCredits: number;
    readonly markupPercent: number;
    readonly allowUnpricedModels: boolean;
  };
  readonly limitsProfile: 'development' | 'production';
  /** The raw `LIMIT_*` variables; the limits registry knows their types and bounds. */
  readonly limitVariables: Readonly<Record<string, string>>;
  readonly metricsToken?: string;
  readonly alerts: {
    readonly webhookUrl?: string;
    readonly webhookSecret?: string;
  };
  readonly tracing: {
    readonly endpoint?: string;
    readonly withContent: boolean;
  };
  readonly shutdownGraceMs: number;
  readonly logLevel: Environment['LOG_LEVEL'];
}

export const CONFIG = Symbol('Config');

export function toConfig(environment: Environment, limitVariables: Readonly<Record<string, string>>): Config {
  const dataDir = resolve(environment.DATA_DIR);
  const gemini = environment.GEMINI_API_KEY
    ? { apiKey: environment.GEMINI_API_KEY, baseUrl: environment.GEMINI_BASE_URL, model: environment.GEMINI_MODEL }
    : undefined;
  const openai = environment.OPENAI_MODEL
    ? { apiKey: environment.OPENAI_API_KEY, baseUrl: environment.OPENAI_BASE_URL, model: environment.OPENAI_MODEL, contextTokens: environment.OPENAI_CONTEXT_TOKENS }
    : undefined;
  return {
    http: { port: environment.PORT, host: environment.HOST },
    dataDir,
    database: { url: environment.DATABASE_URL, poolSize: environment.DATABASE_POOL_SIZE, statementTimeoutMs: environment.DATABASE_STATEMENT_TIMEOUT_MS },
    redis: environment.REDIS_URL ? { url: environment.REDIS_URL, keyPrefix: environment.REDIS_KEY_PREFIX } : undefined,
    auth: {
      mode: environment.AUTH_MODE,
      jwtSecret: environment.JWT_SECRET,
      jwksUrl: environment.JWKS_URL,
      jwtIssuer: environment.JWT_ISSUER,
      jwtAudience: environment.JWT_AUDIENCE,
      jwtRoleClaim: environment.JWT_ROLE_CLAIM,
      jwtPlanClaim: environment.JWT_PLAN_CLAIM,
    },
    models: {
      defaultModel: environment.DEFAULT_MODEL ?? defaultModelOf(gemini?.model, openai?.model),
      fallbackModel: environment.FALLBACK_MODEL,
      architectModel: environment.ARCHITECT_MODEL,
      gemini,
      openai,
    },
    workspaces: {
      directory: resolve(environment.WORKSPACES_DIR ?? `${dataDir}/workspaces`),
      defaultWorkspace: environment.DEFAULT_WORKSPACE && resolve(environment.DEFAULT_WORKSPACE),
      sources: environment.PROJECT_SOURCES ?? [],
    },
    sandbox: {
      kind: environment.SANDBOX,
      user: { uid: environment.SANDBOX_UID, gid: environment.SANDBOX_UID },
      toolPaths: environment.SANDBOX_PATHS ?? [],
    },
    mcpServersFile: environment.MCP_SERVERS && resolve(environment.MCP_SERVERS),
    toolPolicyFile: environment.TOOL_POLICY && resolve(environment.TOOL_POLICY),
    tools: { fetchUrl: environment.FETCH_URL },
    billing: {
      creditValueNanoUsd: BigInt(environment.CREDIT_VALUE_NANO_USD),
      signupCredits: environment.SIGNUP_CREDITS,
      markupPercent: environment.PRICE_MARKUP_PERCENT,
      allowUnpricedModels: environment.ALLOW_UNPRICED_MODELS,
    },
    limitsProfile: environment.LIMITS_PROFILE,
    limitVariables,
    metricsToken: environment.METRICS_TOKEN,
    alerts: { webhookUrl: environment.ALERT_WEBHOOK_URL, webhookSecret: environment.ALERT_WEBHOOK_SECRET },
    tracing: { endpoint: environment.OTEL_EXPORTER_OTLP_ENDPOINT, withContent: environment.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT },
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
    logLevel: environment.LOG_LEVEL,
  };
}

function defaultModelOf(geminiModel: string | undefined, openaiModel: string | undefined): string {
  if (geminiModel) return `gemini/${geminiModel}`;
  return openaiModel ? `openai/${openaiModel}` : 'offline/planner';
}

/** Faults that only show when variables are seen together; says nothing about those that are wrong by themselves. */
export function crossFaults({ environment, faults: wrong }: ParsedEnvironment): string[] {
  const { AUTH_MODE, HOST, JWT_SECRET, JWKS_URL, GEMINI_API_KEY, OPENAI_API_KEY, OPENAI_MODEL } = environment;
  const faults: string[] = [];
  if (AUTH_MODE === 'single-user' && HOST !== undefined && !isLoopback(HOST)) {
    faults.push(
      `HOST: ${HOST} is not loopback, and AUTH_MODE=single-user would make everyone who reaches it the admin. ` +
        'Set AUTH_MODE=api-key or jwt, or HOST=127.0.0.1.',
    );
  }
  if (AUTH_MODE === 'jwt' && !JWT_SECRET && !JWKS_URL && !wrong.has('JWT_SECRET') && !wrong.has('JWKS_URL')) {
    faults.push('AUTH_MODE: jwt needs JWT_SECRET (HS256) or JWKS_URL.');
  }
  for (const name of ['DEFAULT_MODEL', 'FALLBACK_MODEL', 'ARCHITECT_MODEL'] as const) {
    const provider = environment[name]?.split('/')[0];
    if (provider === 'gemini' && !GEMINI_API_KEY && !wrong.has('GEMINI_API_KEY')) faults.push(`${name}: a gemini model needs GEMINI_API_KEY.`);
    if (provider === 'openai' && !OPENAI_MODEL) faults.push(`${name}: an openai model needs OPENAI_MODEL.`);
  }
  if (OPENAI_API_KEY && !OPENAI_MODEL) faults.push('OPENAI_MODEL: name the model that OPENAI_API_KEY is for.');
  return faults;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Whether a host name or address, IPv4 within IPv6 included, can only be this machine. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  if (family === 0) return host.toLowerCase() === 'localhost';
  return LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
