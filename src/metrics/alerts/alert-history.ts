import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, newId } from '../../common/index.js';
import { type Database, Prisma, PrismaService } from '../../database/index.js';
import { behind, decodeCursor, type Page, type PageQuery, toPage } from '../../http/index.js';
import type { Alert } from './evaluate-alert.js';

/** One time that an alert fired, from when to when. */
export interface AlertEpisode {
  readonly id: string;
  readonly alert: string;
  readonly severity: string;
  /** what was measured when it began */
  readonly value: number;
  readonly threshold: number;
  readonly unit: string;
  readonly since: string;
  /** null while it fires */
  readonly resolvedAt: string | null;
}

type EpisodeRow = Prisma.AlertEpisodeGetPayload<object>;

/**
 * Remembers when alerts fired and ended. Each beginning and end puts one notification into the outbox, in the same
 * transaction, so that it is sent once whichever instance saw it.
 */
@Injectable()
export class AlertHistory {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns how many alerts began or ended with this evaluation */
  async record(alerts: readonly Alert[]): Promise<number> {
    const firing = alerts.filter(({ state }) => state === 'firing');
    return this.prisma.$transaction(async (database) => {
      const begun = await this.begin(database, firing);
      const ended = await this.end(database, firing.map(({ id }) => id));
      await this.announce(database, [...begun.map((id) => ({ id, state: 'firing' })), ...ended.map((id) => ({ id, state: 'resolved' }))]);
      return begun.length + ended.length;
    });
  }

  /** Since when each alert fires that does. */
  async firingSince(): Promise<ReadonlyMap<string, Date>> {
    const open = await this.prisma.alertEpisode.findMany({ where: { resolvedAt: null }, select: { alert: true, since: true } });
    return new Map(open.map(({ alert, since }) => [alert, since]));
  }

  async list({ cursor, limit }: PageQuery): Promise<Page<AlertEpisode>> {
    const rows = await this.prisma.alertEpisode.findMany({
      where: behind('since', decodeCursor(cursor), 'desc'),
      orderBy: [{ since: 'desc' }, { id: 'desc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, ({ since, id }) => ({ at: since, id }), presentEpisode);
  }

  /** @returns how many of at most `batchSize` were deleted */
  deleteEnded(before: Date, batchSize: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM alert_episodes WHERE id IN (SELECT id FROM alert_episodes WHERE resolved_at < ${before} ORDER BY resolved_at LIMIT ${batchSize})`;
  }

  /** An index lets one episode of an alert be open: a second instance begins none. */
  private async begin(database: Database, firing: readonly Alert[]): Promise<string[]> {
    if (firing.length === 0) return [];
    const since = new Date(this.clock.now());
    const rows = firing.map(({ id: alert, severity, value, threshold, unit }) => ({ id: newId(), alert, severity, value: value ?? 0, threshold, unit, since }));
    return (await database.alertEpisode.createManyAndReturn({ data: rows, skipDuplicates: true, select: { id: true } })).map(({ id }) => id);
  }

  private async end(database: Database, stillFiring: readonly string[]): Promise<string[]> {
    const ended = await database.alertEpisode.updateManyAndReturn({
      where: { resolvedAt: null, alert: { notIn: [...stillFiring] } },
      data: { resolvedAt: new Date(this.clock.now()) },
      select: { id: true },
    });
    return ended.map(({ id }) => id);
  }

  private async announce(database: Database, changes: readonly { id: string; state: string }[]): Promise<void> {
    if (changes.length === 0) return;
    const dueAt = new Date(this.clock.now());
    await database.alertNotification.createMany({ data: changes.map(({ id: episodeId, state }) => ({ id: newId(), episodeId, state, dueAt })) });
  }
}

export function presentEpisode({ id, alert, severity, value, threshold, unit, since, resolvedAt }: EpisodeRow): AlertEpisode {
  return { id, alert, severity, value, threshold, unit, since: since.toISOString(), resolvedAt: resolvedAt?.toISOString() ?? null };
}
