import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { LimitsService } from '../limits.service.js';
import { ArmStatisticsReader } from './arm-statistics.js';
import { storedArms } from './experiment.js';
import { type ExperimentResults, summarise } from './experiment-results.js';
import { type ExperimentView, storedGuardrails } from './experiment-view.js';
import { ExperimentsService } from './experiments.service.js';
import { findHarm } from './guardrails.js';

export interface StoppedExperiment {
  readonly experimentId: string;
  readonly reason: string;
}

/** What experiments show, and the stop of those that do harm. */
@Injectable()
export class ExperimentReadouts {
  private readonly logger = new Logger(ExperimentReadouts.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly experiments: ExperimentsService,
    private readonly statistics: ArmStatisticsReader,
    private readonly limits: LimitsService,
  ) {}

  /** @throws AppError `experiment_not_found` */
  async results(id: string): Promise<ExperimentResults & { readonly experiment: ExperimentView }> {
    const experiment = await this.experiments.get(id);
    const statistics = await this.statistics.read(experiment.id, experiment.arms.map(({ name }) => name));
    return { experiment, ...summarise(experiment.arms, statistics) };
  }

  /**
   * Stops every running experiment with an arm that its guardrails hold to be harmful. The whole of it stops:
   * its users go back to what everybody has, and handing them to the other arms would spoil those.
   */
  async evaluateGuardrails(): Promise<StoppedExperiment[]> {
    const running = await this.prisma.experiment.findMany({ where: { status: 'running' } });
    const stopped: StoppedExperiment[] = [];
    for (const row of running) {
      const guardrails = storedGuardrails(row);
      if (guardrails.length === 0) continue;
      const arms = storedArms(row.arms);
      const statistics = await this.statistics.read(row.id, arms.map(({ name }) => name));
      const reason = findHarm(arms, guardrails, statistics, this.limits.value('experiment.guardrailMinUsers'));
      if (reason !== null && (await this.stop(row.id, reason))) stopped.push({ experimentId: row.id, reason });
    }
    return stopped;
  }

  /** False when somebody else stopped it at the same moment. */
  private async stop(experimentId: string, reason: string): Promise<boolean> {
    try {
      await this.experiments.stop(experimentId, reason, 'guardrail');
    } catch (error) {
      if (error instanceof AppError && error.code === 'invalid_state') return false;
      throw error;
    }
    this.logger.warn({ message: 'experiment stopped by a guardrail', experimentId, reason });
    return true;
  }
}
