// Checks the floors of src/, and that each rule would report a violation: one of each kind is planted and must be found.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const config = join(root, '.ci/dependency-cruiser.cjs');
const cli = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const planted = join(root, '.ci/.boundary-violations');

/** rule → files that break it and nothing else that matters here */
const VIOLATIONS = {
  'floor-0-imports-only-down': { 'src/common/a.ts': "import '../chat/index.js';", 'src/chat/index.ts': 'export {};' },
  'floor-1-imports-only-down': { 'src/http/a.ts': "import '../limits/index.js';", 'src/limits/index.ts': 'export {};' },
  'floor-2-imports-only-down': { 'src/auth/a.ts': "import '../models/index.js';", 'src/models/index.ts': 'export {};' },
  'floor-3-imports-only-down': { 'src/billing/a.ts': "import '../chat/index.js';", 'src/chat/index.ts': 'export {};' },
  'floor-4-imports-only-down': { 'src/chat/a.ts': "import '../health/index.js';", 'src/health/index.ts': 'export {};' },
  ...Object.fromEntries(
    ['models', 'streaming', 'billing', 'tools', 'failure-detection'].map((name) => {
      const other = name === 'billing' ? 'tools' : 'billing';
      return [`${name}-knows-no-neighbour`, { [`src/${name}/b.ts`]: `import '../${other}/index.js';`, [`src/${other}/index.ts`]: 'export {};' }];
    }),
  ),
  'no-cycles': { 'src/chat/c.ts': "import './d.js';", 'src/chat/d.ts': "import './c.js';" },
  'only-through-the-index': { 'src/chat/e.ts': "import '../billing/ledger.js';", 'src/billing/ledger.ts': 'export {};' },
  'top-only-through-the-index': { 'src/app.module.ts': "import './billing/ledger.js';", 'src/billing/ledger.ts': 'export {};' },
  'never-its-own-index': { 'src/chat/f.ts': "import './index.js';", 'src/chat/index.ts': 'export {};' },
  'common-knows-no-vendor': { 'src/common/g.ts': "import '@nestjs/common';" },
  'vendor-prisma': { 'src/billing/h.ts': "import '@prisma/client/runtime/client';" },
  'vendor-gemini': { 'src/chat/i.ts': "import '@google/generative-ai';" },
  'vendor-prometheus': { 'src/chat/j.ts': "import 'prom-client';" },
  'vendor-diff': { 'src/chat/o.ts': "import 'diff';" },
  'vendor-redis': { 'src/chat/n.ts': "import 'ioredis';" },
  'vendor-bullmq': { 'src/chat/queue/q.ts': "import 'bullmq';" },
  'vendor-yauzl': { 'src/chat/yauzl.ts': "import 'yauzl';" },
  'vendor-tar-stream': { 'src/chat/tar-stream.ts': "import 'tar-stream';" },
  'vendor-mcp': { 'src/tools/p.ts': "import '@modelcontextprotocol/sdk/types.js';" },
  'vendor-opentelemetry': { 'src/chat/opentelemetry.ts': "import '@opentelemetry/api';" },
  'vendor-pino': { 'src/chat/k.ts': "import 'pino';" },
  'no-test-code-in-src': { 'src/chat/l.ts': "import '../../test/support/fake.js';", 'test/support/fake.ts': 'export {};' },
  'no-dev-dependency-in-src': { 'src/chat/m.ts': "import 'jest';" },
  'no-orphans': { 'src/chat/lonely.ts': 'export {};' },
};

const declared = createRequire(import.meta.url)(config).forbidden.map((rule) => rule.name);
const unproven = declared.filter((name) => !(name in VIOLATIONS));
if (unproven.length > 0) fail(`No planted violation for: ${unproven.join(', ')}`);

plant();
const found = new Set(cruise(planted).summary.violations.map((violation) => violation.rule.name));
rmSync(planted, { recursive: true, force: true });
const silent = Object.keys(VIOLATIONS).filter((name) => !found.has(name));
if (silent.length > 0) fail(`Rules that did not report their planted violation: ${silent.join(', ')}`);

const { violations, totalCruised } = cruise(root).summary;
for (const violation of violations) {
  const way = violation.cycle?.map((step) => step.name).join(' -> ') ?? violation.to;
  console.error(`${violation.rule.name}: ${violation.from} -> ${way}`);
}
if (violations.length > 0) fail(`${violations.length} boundary violations`);
console.log(`Boundaries hold: ${totalCruised} modules, ${declared.length} rules, each seen to report a planted violation.`);

function plant() {
  rmSync(planted, { recursive: true, force: true });
  for (const files of Object.values(VIOLATIONS)) {
    for (const [file, content] of Object.entries(files)) {
      const path = join(planted, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
  }
  writeFileSync(join(planted, 'package.json'), JSON.stringify({ name: 'planted', devDependencies: { jest: '*' } }));
  writeFileSync(join(planted, 'tsconfig.json'), JSON.stringify({ compilerOptions: { module: 'NodeNext', moduleResolution: 'NodeNext' } }));
}

function cruise(directory) {
  const { stdout, stderr } = spawnSync(process.execPath, [cli, '--config', config, '--output-type', 'json', 'src'], { cwd: directory, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
  try {
    return JSON.parse(stdout);
  } catch {
    return fail(`dependency-cruiser failed: ${stderr || stdout}`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
