/**
 * The floors of docs/ARCHITECTURE.md as rules. .ci/fixtures/boundary-violations plants one violation of
 * each, and .ci/check-boundaries.mjs proves that every rule reports its own.
 */
const FLOORS = [
  ['common'],
  ['database', 'redis', 'config', 'http'],
  ['limits', 'metrics', 'tracing', 'auth'],
  ['models', 'streaming', 'billing', 'tools', 'failure-detection'],
  ['chat'],
  ['gateways', 'health', 'maintenance', 'dashboard'],
];
const MODULES = FLOORS.flat();
const under = (names) => `^src/(${names.join('|')})/`;

const onlyDownwards = FLOORS.map((modules, floor) => ({
  name: `floor-${floor}-imports-only-down`,
  comment: 'A module may use only the floors below it.',
  severity: 'error',
  from: { path: under(modules) },
  to: { path: under(FLOORS.slice(floor + 1).flat().concat('unknown')) },
})).slice(0, -1);

const noNeighbours = FLOORS[3].map((name) => ({
  name: `${name}-knows-no-neighbour`,
  comment: 'Floor 3 modules do not know each other: chat brings them together.',
  severity: 'error',
  from: { path: under([name]) },
  to: { path: under(FLOORS[3].filter((other) => other !== name)) },
}));

const vendor = (name, packages, allowed) => ({
  name: `vendor-${name}`,
  comment: `${name} is imported in one place only, so that it can be replaced there.`,
  severity: 'error',
  from: { path: '^src/', pathNot: allowed },
  to: { path: `(^|/)node_modules/(${packages})(/|$)` },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...onlyDownwards,
    ...noNeighbours,
    { name: 'no-cycles', comment: 'With decorator metadata a cycle of classes can crash at load.', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'only-through-the-index',
      comment: 'What a module offers is what its index names.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: under(MODULES), pathNot: ['^src/[^/]+/index\\.ts$', '^src/$1/'] },
    },
    {
      name: 'top-only-through-the-index',
      comment: 'The top floor, too, uses what an index names.',
      severity: 'error',
      from: { path: '^src/[^/]+\\.ts$' },
      to: { path: under(MODULES), pathNot: '^src/[^/]+/index\\.ts$' },
    },
    {
      name: 'never-its-own-index',
      comment: 'A module that imports its own index makes cycles.',
      severity: 'error',
      from: { path: '^src/([^/]+)/', pathNot: '^src/[^/]+/index\\.ts$' },
      to: { path: '^src/$1/index\\.ts$' },
    },
    { name: 'common-knows-no-vendor', comment: 'Floor 0 has no Nest and no vendor but uuid.', severity: 'error', from: { path: '^src/common/' }, to: { path: 'node_modules/(?!uuid/)' } },
    vendor('prisma', '@prisma/(client|adapter-pg)|pglite-prisma-adapter|@electric-sql/pglite|pg', '^src/database/'),
    vendor('gemini', '@google/generative-ai', '^src/models/gemini/'),
    vendor('prometheus', 'prom-client', '^src/metrics/'),
    vendor('diff', 'diff', '^src/tools/history/'),
    vendor('redis', 'ioredis', ['^src/redis/', '/redis\\.[^/]+\\.ts$']),
    vendor('bullmq', 'bullmq', '^src/chat/queue/bullmq\\.[^/]+\\.ts$'),
    vendor('yauzl', 'yauzl', '^src/tools/import/'),
    vendor('tar-stream', 'tar-stream', '^src/tools/import/'),
    vendor('mcp', '@modelcontextprotocol/sdk', '^src/tools/mcp/sdk\\.[^/]+\\.ts$'),
    vendor('opentelemetry', '@opentelemetry/[^/]+', '^src/tracing/'),
    vendor('pino', 'pino', '^src/http/logging/'),
    { name: 'no-test-code-in-src', comment: 'The product never imports a fake.', severity: 'error', from: { path: '^src/' }, to: { path: '^test/' } },
    { name: 'no-dev-dependency-in-src', comment: 'The product runs without them.', severity: 'error', from: { path: '^src/' }, to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] } },
    {
      name: 'no-orphans',
      comment: 'A file nobody uses is deleted.',
      severity: 'error',
      from: { path: '^src/', orphan: true, pathNot: ['^src/(main|access-cli)\\.ts$', '^src/database/generated/'] },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/database/generated/(?!client\\.ts)|^src/dashboard/public/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
