/**
 * `npm test` needs nothing but the npm registry. TEST_DATABASE_URL adds a PostgreSQL, TEST_REDIS_URL a Redis, CHROMIUM_PATH a
 * browser. The slowest suites only run with TEST_SUITES=all, and then first; TEST_SUITES=database leaves out what never touches a database. The
 * flag --liftoff-only of the test script keeps V8 from optimising the database's WebAssembly anew in every process.
 */
export const SLOW = [
  'e2e/agent-work',
  'e2e/approval-restart',
  'e2e/drain',
  'e2e/idle-viewers',
  'e2e/database-kill',
  'e2e/ledger-kill',
  'e2e/lost-instance',
  'e2e/prometheus',
  'e2e/rolling-restart',
  'e2e/run-kill-embedded',
  'e2e/run-kill-shared',
  'e2e/server-process',
  'e2e/shutdown',
  'e2e/silent-database',
  'e2e/traces',
  'integration/auth/access-command',
  'integration/billing/billing-limits',
  'integration/chat/compaction',
  'integration/chat/conversation-deletion',
  'integration/chat/credits',
  'integration/chat/failure-table',
  'integration/chat/model-limits',
  'integration/chat/on-busy',
  'integration/chat/random-faults',
  'integration/chat/recovery',
  'integration/chat/redis-outage',
  'integration/chat/run-changes',
  'integration/chat/run-limits',
  'integration/database/migrations',
  'integration/database/schema-drift',
  'integration/database/silent-server',
  'integration/gateways/ai-sdk-client',
  'integration/limits/limits-propagation',
  'integration/maintenance/exactly-once',
  'integration/metrics/live',
  'integration/tools/mcp-servers',
  'property/billing.interleavings',
  'unit/gateways/ui-message-cuts',
  'unit/limits/experiments/statistics',
  'unit/tools/project-code',
  'unit/tools/sandbox-escape',
  'unit/tools/sandbox-limits',
];
/** What would show nothing more on another database, or has one of its own: clients and their protocols, servers of tools, faults of models. */
const ONCE = [
  'e2e/(approval-restart|agent-work|database-kill|gemini|idle-viewers|prometheus|run-kill-embedded|server-process|traces)',
  'integration/chat/(failure-table|model-limits|recovery|run-limits)',
  'integration/gateways/.*',
  'integration/tools/mcp-servers',
  'property/(ag-ui.spans|context-digest|failure-detection|http.page|limits.resolution|metric-labels|models-faults|sse-parser|streaming.run-event-log|tools..*)',
];
const WITH_DATABASE = ['integration', 'property', 'e2e'].map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`);

/** Everything is run when it is asked for by name. */
const isNamed = process.argv.some((argument) => /^test\/(unit|integration|property|e2e)\b/.test(argument));
const notNow = { all: [], database: ONCE }[process.env.TEST_SUITES] ?? SLOW;
const leftOut = isNamed ? [] : notNow.map((suite) => `/test/${suite}\\.test\\.ts$`);

export default {
  rootDir: '..',
  testMatch: process.env.TEST_SUITES === 'database' ? WITH_DATABASE : ['<rootDir>/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...leftOut],
  transform: {},
  testEnvironment: '<rootDir>/test/support/jest/process-environment.mjs',
  testRunner: '<rootDir>/test/support/jest/process-runner.cjs',
  testSequencer: '<rootDir>/test/support/jest/slowest-first.mjs',
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  testTimeout: 20_000,
  maxWorkers: '100%', // the default leaves one core idle
  cacheDirectory: '<rootDir>/node_modules/.cache/jest',
};
