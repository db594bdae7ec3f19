import { Inject, Injectable, Logger } from '@nestjs/common';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ModelRegistry } from '../../models/index.js';
import type { RunContext } from './run-context.js';

/**
 * Moves a run that is going on to the emergency profile's model while one is set, and back when it is lifted (I6).
 * Asked before each iteration.
 */
@Injectable()
export class EmergencyModel {
  private readonly logger = new Logger(EmergencyModel.name);

  constructor(
    private readonly models: ModelRegistry,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  apply(context: RunContext): void {
    const wanted = this.limits.of(context.limits, 'model.emergencyModel');
    if (wanted === (context.emergencyModel ?? '')) return;
    context.emergencyModel = wanted;
    const model = this.find(wanted || context.row.model, context);
    if (!model || model.id === context.model.id) return;
    context.model = model;
    context.writer.append({ type: 'limit.reached', data: { limit: 'model.emergencyModel', value: wanted, action: `The run goes on with ${model.id}.` } });
  }

  /** A model that is not configured here must not end runs that work: they go on as they were. */
  private find(modelId: string, { row }: RunContext): RunContext['model'] | undefined {
    try {
      return this.models.resolve(modelId);
    } catch (error) {
      this.logger.warn({ message: 'emergency model cannot be used', runId: row.id, modelId, error });
      return undefined;
    }
  }
}
