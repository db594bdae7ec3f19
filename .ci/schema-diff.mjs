// Compares a database with prisma/schema.prisma by Prisma's own schema engine, which comes as WebAssembly from
// the npm registry; the native one of `prisma migrate` would have to be downloaded from elsewhere.
//
// `npm run migration:diff` applies all migrations to an empty database and prints the SQL that a new migration
// needs to bring it to the schema. Triggers, checks and partial indexes are written by hand: the schema cannot
// say them, and the engine overlooks them in the database.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';

const NOTHING = '-- This is an empty migration.';
const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param adapterFactory Prisma's driver adapter of the database
 * @param schemaPath the schema it should have
 * @returns the SQL that would bring it there, empty when nothing is missing
 */
export async function schemaDiff(adapterFactory, schemaPath) {
  const { SchemaEngine } = await loadSchemaEngine();
  const files = [{ path: schemaPath, content: readFileSync(schemaPath, 'utf8') }];
  const engine = await SchemaEngine.new({ datamodels: files.map(({ path, content }) => [path, content]) }, () => undefined, bindMigrationAwareSqlAdapterFactory(adapterFactory));
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: root },
      to: { tag: 'schemaDatamodel', files, configDir: root },
      script: true,
      exitCode: null,
      shadowDatabaseUrl: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout.trim() === NOTHING ? '' : stdout.trim();
  } finally {
    engine.free();
  }
}

/** The engine's module keeps one instance: a second one would break the first. */
let loading;

function loadSchemaEngine() {
  return (loading ??= instantiate());
}

async function instantiate() {
  const require = createRequire(import.meta.url);
  const path = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const engine = await import(path);
  const { instance } = await WebAssembly.instantiate(readFileSync(path.replace(/\.js$/, '.wasm')), { './schema_engine_bg.js': engine });
  engine.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
  return engine;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { PGlite } = await import('@electric-sql/pglite');
  const { PrismaPGlite } = await import('pglite-prisma-adapter');
  const db = await PGlite.create();
  const migrations = readdirSync(`${root}prisma/migrations`, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort();
  for (const name of migrations) await db.exec(readFileSync(`${root}prisma/migrations/${name}/migration.sql`, 'utf8'));
  console.log((await schemaDiff(new PrismaPGlite(db), `${root}prisma/schema.prisma`)) || NOTHING);
  await db.close();
}
