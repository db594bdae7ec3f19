import { Prisma } from '../../database/index.js';
import type { Grouping } from './report-query.js';

const EXPRESSIONS: Record<Grouping, Prisma.Sql> = {
  intent: Prisma.sql`intent`,
  model: Prisma.sql`model`,
  status: Prisma.sql`status`,
  pattern: Prisma.sql`coalesce(failure_pattern, 'none')`,
  arm: Prisma.sql`coalesce(arm->>'experimentId' || '/' || (arm->>'arm'), 'none')`,
};

/** The name of the group that a run is in. */
export function groupExpression(groupBy: Grouping): Prisma.Sql {
  return EXPRESSIONS[groupBy];
}

/** What the expression needs joined to `runs`. */
export function groupSource(groupBy: Grouping): Prisma.Sql {
  return groupBy === 'arm' ? Prisma.sql`LEFT JOIN LATERAL jsonb_array_elements(experiment_arms) AS arm ON true` : Prisma.empty;
}
