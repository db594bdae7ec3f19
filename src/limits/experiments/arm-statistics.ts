import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { EXPERIMENT_METRICS, type ExperimentMetric } from './metrics.js';
import type { Sample } from './statistics/welch.js';

/** What one arm did so far. */
export interface ArmStatistics {
  readonly exposedUsers: number;
  /** Ended runs under the arm. */
  readonly runs: number;
  /** Failed runs by failure pattern. */
  readonly failures: Readonly<Record<string, number>>;
  /** Over users of their own means; users without an ended run are in none. */
  readonly metrics: Readonly<Record<ExperimentMetric, Sample>>;
}

const NO_SAMPLE: Sample = { count: 0, mean: 0, variance: 0 };

/** Joins exposures with the runs that carried the arm. */
@Injectable()
export class ArmStatisticsReader {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CONFIG) private readonly config: Pick<Config, 'billing'>,
  ) {}

  /** By name of arm; arms without any exposure included. */
  async read(experimentId: string, arms: readonly string[]): Promise<ReadonlyMap<string, ArmStatistics>> {
    const [exposures, metrics, outcomes] = await Promise.all([
      this.prisma.experimentExposure.groupBy({ by: ['arm'], where: { experimentId }, _count: true }),
      this.readMetrics(experimentId),
      this.readOutcomes(experimentId),
    ]);
    return new Map(
      arms.map((arm) => {
        const ended = outcomes.filter((outcome) => outcome.arm === arm);
        const samples = EXPERIMENT_METRICS.map((name) => [name, metrics.find((row) => row.arm === arm && row.metric === name) ?? NO_SAMPLE] as const);
        const statistics: ArmStatistics = {
          exposedUsers: exposures.find((exposure) => exposure.arm === arm)?._count ?? 0,
          runs: ended.reduce((sum, { runs }) => sum + runs, 0),
          failures: Object.fromEntries(ended.flatMap(({ failure, runs }) => (failure === null ? [] : [[failure, runs] as const]))),
          metrics: Object.fromEntries(samples.map(([name, { count, mean, variance }]) => [name, { count, mean, variance }])) as Record<ExperimentMetric, Sample>,
        };
        return [arm, statistics];
      }),
    );
  }

  /**
   * Users are what was drawn at random, so they are the units: each user's runs are averaged first, and a
   * busy user weighs no more than another.
   */
  private readMetrics(experimentId: string): Promise<({ arm: string; metric: string } & Sample)[]> {
    const creditValue = Number(this.config.billing.creditValueNanoUsd);
    return this.prisma.$queryRaw`
      WITH users AS (
        SELECT e.arm,
          avg((r.status = 'completed')::int) AS success_rate,
          avg((r.status = 'failed')::int) AS failure_rate,
          avg(r.duration_ms) AS response_time,
          avg(r.time_to_first_token_ms) AS first_token,
          avg(r.input_tokens + r.output_tokens + r.reasoning_tokens) AS tokens,
          avg(r.charged_nano_usd / ${creditValue}::float8) AS credits
        FROM experiment_exposures e
        JOIN runs r ON r.user_id = e.user_id AND r.status IN ('completed', 'failed', 'cancelled')
          AND r.experiment_arms @> jsonb_build_array(jsonb_build_object('experimentId', e.experiment_id, 'arm', e.arm))
        WHERE e.experiment_id = ${experimentId}::uuid
        GROUP BY e.arm, e.user_id)
      SELECT arm, metric, count(value)::int AS count,
        coalesce(avg(value::float8), 0) AS mean, coalesce(var_samp(value::float8), 0) AS variance
      FROM users CROSS JOIN LATERAL (VALUES ('successRate', success_rate), ('failureRate', failure_rate), ('responseTimeMs', response_time),
        ('timeToFirstTokenMs', first_token), ('tokens', tokens), ('credits', credits)) AS metrics (metric, value)
      GROUP BY arm, metric`;
  }

  /** Ended runs by arm and failure; `failure` is null for runs that did not fail. */
  private readOutcomes(experimentId: string): Promise<{ arm: string; failure: string | null; runs: number }[]> {
    return this.prisma.$queryRaw`
      SELECT e.arm, CASE WHEN r.status = 'failed' THEN coalesce(r.failure_pattern, 'unknown') END AS failure, count(*)::int AS runs
      FROM experiment_exposures e
      JOIN runs r ON r.user_id = e.user_id AND r.status IN ('completed', 'failed', 'cancelled')
        AND r.experiment_arms @> jsonb_build_array(jsonb_build_object('experimentId', e.experiment_id, 'arm', e.arm))
      WHERE e.experiment_id = ${experimentId}::uuid
      GROUP BY 1, 2`;
  }
}
