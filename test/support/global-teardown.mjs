import { dropPostgresqlTemplate } from './database/templates.mjs';

export default async function globalTeardown() {
  const template = process.env.LOMU_TEST_TEMPLATE_DATABASE;
  if (template) await dropPostgresqlTemplate(process.env.TEST_DATABASE_URL, template);
}
