import { generateIfStale } from '../../.ci/generate.mjs';

export default async function globalSetup() {
  generateIfStale();
  if (!process.env.TEST_SUITES) console.log('\nThe slowest suites are left out; TEST_SUITES=all runs them too.');
  const { makePGliteTemplate, makePostgresqlTemplate } = await import('./database/templates.mjs'); // imports what has just been generated
  process.env.LOMU_TEST_TEMPLATE = await makePGliteTemplate();
  if (process.env.TEST_DATABASE_URL) process.env.LOMU_TEST_TEMPLATE_DATABASE = await makePostgresqlTemplate(process.env.TEST_DATABASE_URL);
}
