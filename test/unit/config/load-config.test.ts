import { resolve } from 'node:path';
import { ConfigurationError, isLoopback, loadConfig } from '../../../src/config/index.js';

function faultsOf(environment: Record<string, string>, limitFaults: string[] = []): readonly string[] {
  try {
    loadConfig(() => limitFaults, environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

describe('loadConfig', () => {
  it('needs nothing to be set', () => {
    expect(loadConfig(() => [], {})).toMatchObject({
      http: { port: 3000, host: '127.0.0.1' },
      dataDir: resolve('.lomu'),
      auth: { mode: 'single-user' },
      models: { defaultModel: 'offline/planner' },
      workspaces: { directory: resolve('.lomu/workspaces') },
      billing: { creditValueNanoUsd: 1_000_000n, allowUnpricedModels: false },
    });
  });

  it('takes an empty or blank value for unset', () => {
    expect(loadConfig(() => [], { PORT: '', HOST: '  ', GEMINI_API_KEY: '', LIMIT_X: ' ' })).toEqual(loadConfig(() => [], {}));
  });

  it('names every fault at once, those of limits and those that only show together too', () => {
    const faults = faultsOf({ PORT: 'abc', HOST: '0.0.0.0', LOG_LEVEL: 'loud', JWT_SECRET: 'short', DEFAULT_MODEL: 'gemini/x' }, ['LIMIT_TOOL_MAX_PER_SESSION: must be a whole number']);
    expect(faults.map((fault) => fault.split(':')[0])).toEqual(['PORT', 'JWT_SECRET', 'LOG_LEVEL', 'HOST', 'DEFAULT_MODEL', 'LIMIT_TOOL_MAX_PER_SESSION']);
  });

  it.each(['abc', '1e3', '3000.5', '0x10', '-1', '65536', '9'.repeat(30), 'NaN', 'Infinity', '30 00'])('refuses PORT=%s, and says what it may be', (PORT) => {
    expect(faultsOf({ PORT })).toEqual([`PORT: must be a whole number from 0 to 65535 (got ${JSON.stringify(PORT)})`]);
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'lomu.example', '127.0.0.1.evil.example'])('refuses single-user mode on %s', (HOST) => {
    expect(faultsOf({ HOST })).toEqual([expect.stringMatching(/^HOST: .* is not loopback/)]);
    expect(faultsOf({ HOST, AUTH_MODE: 'api-key' })).toEqual([]);
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('allows single-user mode on %s', (HOST) => {
    expect(faultsOf({ HOST })).toEqual([]);
  });

  it('wants a secret or a key set for JWTs, and does not ask for a secret that is merely wrong', () => {
    expect(faultsOf({ AUTH_MODE: 'jwt' })).toEqual([expect.stringMatching(/^AUTH_MODE: jwt needs JWT_SECRET/)]);
    expect(faultsOf({ AUTH_MODE: 'jwt', JWT_SECRET: 'short' })).toEqual([expect.stringMatching(/^JWT_SECRET: must have at least 32/)]);
    expect(faultsOf({ AUTH_MODE: 'jwt', JWKS_URL: 'https://issuer.example/keys' })).toEqual([]);
  });

  it('keeps secrets out of what it says', () => {
    const faults = faultsOf({ JWT_SECRET: 'hunter2', METRICS_TOKEN: 'hunter2', DATABASE_URL: 'mysql://root:hunter2@db' });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain('hunter2');
  });

  it('prefers Gemini once there is a key, and what is named above all', () => {
    expect(loadConfig(() => [], { GEMINI_API_KEY: 'k' }).models.defaultModel).toMatch(/^gemini\//);
    expect(loadConfig(() => [], { GEMINI_API_KEY: 'k', DEFAULT_MODEL: 'offline/planner' }).models.defaultModel).toBe('offline/planner');
  });

  it('turns an OpenAI-compatible endpoint on by its model, and says what an unusable name lacks', () => {
    const { models } = loadConfig(() => [], { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1', OPENAI_MODEL: 'qwen3:8b', FALLBACK_MODEL: 'offline/planner' });
    expect(models).toMatchObject({ defaultModel: 'openai/qwen3:8b', fallbackModel: 'offline/planner', openai: { baseUrl: 'http://127.0.0.1:11434/v1', contextTokens: 131_072 } });
    expect(faultsOf({ FALLBACK_MODEL: 'openai/x', ARCHITECT_MODEL: 'gemini/x', OPENAI_API_KEY: 'k' }).map((fault) => fault.split(':')[0])).toEqual(['FALLBACK_MODEL', 'ARCHITECT_MODEL', 'OPENAI_MODEL']);
  });

  it('hands the LIMIT_ family on unread', () => {
    expect(loadConfig(() => [], { LIMIT_A: '1', OTHER: '2' }).limitVariables).toEqual({ LIMIT_A: '1' });
  });
});

describe('isLoopback', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.3', '::1', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])('%s is', (host) => expect(isLoopback(host)).toBe(true));
  it.each(['', '0.0.0.0', '::', '128.0.0.1', '127.0.0.1.example', 'localhost.example', '::ffff:10.0.0.1', '2130706433'])('%j is not', (host) => expect(isLoopback(host)).toBe(false));
});
