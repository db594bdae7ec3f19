import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import { MODEL_BREAKER, type ModelBreaker } from '../../models/index.js';
import type { HealthPart } from '../health-part.port.js';

/** Runs in a row that have to fail before the model is in doubt. */
const FAILURES_IN_A_ROW = 3;

/**
 * Whether the default model has been answering, told by the runs people made: asking the provider would
 * cost money and say little. Never down, since other models and everything but new answers still work.
 */
@Injectable()
export class ModelHealth implements HealthPart {
  readonly name = 'model' as const;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(MODEL_BREAKER) private readonly breaker: ModelBreaker,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    const model = this.config.models.defaultModel;
    const { state, openForMs } = await this.breaker.stateOf(model);
    if (state !== 'closed') return indicator.degraded({ model, message: `It kept failing and is left alone for another ${Math.ceil(openForMs / 1000)} s.` });
    let statuses: readonly string[] = [];
    const reading = await indicator
      .attempt(async () => {
        statuses = await this.lastOutcomes(model);
      })
      .withTimeout(this.limits.value('health.timeoutMs'));
    if (reading[this.name]?.status !== 'up') return indicator.degraded({ model, message: 'The outcomes of its runs cannot be read.' });
    const isFailing = statuses.length === FAILURES_IN_A_ROW && statuses.every((status) => status === 'failed');
    return isFailing ? indicator.degraded({ model, message: `Its last ${FAILURES_IN_A_ROW} runs failed.` }) : indicator.up({ model });
  }

  private async lastOutcomes(model: string): Promise<string[]> {
    const since = new Date(this.clock.now() - this.limits.value('health.modelWindowMs'));
    const runs = await this.prisma.run.findMany({
      where: { model, status: { in: ['completed', 'failed'] }, finishedAt: { gte: since } },
      orderBy: { finishedAt: 'desc' },
      take: FAILURES_IN_A_ROW,
      select: { status: true },
    });
    return runs.map(({ status }) => status);
  }
}
