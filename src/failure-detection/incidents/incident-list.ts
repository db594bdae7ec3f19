import { Injectable } from '@nestjs/common';
import type { Principal } from '../../common/index.js';
import { type Prisma, PrismaService } from '../../database/index.js';
import { behind, decodeCursor, type Page, toPage } from '../../http/index.js';
import { FAILURE_PATTERNS, isFailurePatternKey } from '../patterns/failure-patterns.js';
import type { IncidentQuery } from './failures.schemas.js';

/** An incident as clients see it. */
export interface IncidentView {
  readonly id: string;
  readonly runId: string;
  readonly userId: string;
  readonly iteration: number;
  readonly attempt: number;
  readonly pattern: string;
  /** Of the pattern, for people. */
  readonly name: string;
  readonly category: string;
  readonly severity: string;
  readonly strategy: string;
  /** The decision that was taken, with the facts it was taken on. */
  readonly action: unknown;
  readonly detail: string;
  readonly outcome: string;
  readonly createdAt: string;
  readonly resolvedAt: string | null;
}

type IncidentRow = Prisma.FailureIncidentGetPayload<object>;

/** Reads incidents, the newest first: admins all, others their own. */
@Injectable()
export class IncidentList {
  constructor(private readonly prisma: PrismaService) {}

  async page(principal: Principal, { cursor, limit, pattern, outcome, runId, since }: IncidentQuery): Promise<Page<IncidentView>> {
    const rows = await this.prisma.failureIncident.findMany({
      where: {
        userId: principal.role === 'admin' ? undefined : principal.userId,
        pattern,
        outcome,
        runId,
        createdAt: since && { gte: since },
        ...behind('createdAt', decodeCursor(cursor), 'desc'),
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.createdAt, id: row.id }), present);
  }

  /** All of one run, the oldest first. Whether somebody may see the run is the caller's question. */
  async ofRun(runId: string): Promise<IncidentView[]> {
    const rows = await this.prisma.failureIncident.findMany({ where: { runId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] });
    return rows.map(present);
  }
}

function present(row: IncidentRow): IncidentView {
  const { createdAt, resolvedAt, ...rest } = row;
  const name = isFailurePatternKey(row.pattern) ? FAILURE_PATTERNS[row.pattern].name : row.pattern;
  return { ...rest, name, createdAt: createdAt.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null };
}
