import { defineConfig } from 'prisma/config';

// The CLI would fetch its native schema engine even to generate code; pointing it at an executable
// that exists lets `generate`, `validate` and `format` run with nothing downloaded.
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
