import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import type { LanguageModel } from '../language-model.port.js';
import type { ModelProvider, ModelSummary } from '../model-provider.port.js';
import { OfflineLanguageModel } from './offline.language-model.js';

/** `offline/planner`, always there. */
@Injectable()
export class OfflineModelProvider implements ModelProvider {
  readonly name = 'offline';
  private readonly planner: OfflineLanguageModel;

  constructor(@Inject(CLOCK) clock: Clock) {
    this.planner = new OfflineLanguageModel(clock);
  }

  find(modelName: string): LanguageModel | undefined {
    return modelName === 'planner' ? this.planner : undefined;
  }

  list(): readonly ModelSummary[] {
    const { id, contextWindowTokens, maxOutputTokens } = this.planner;
    return [{ id, contextWindowTokens, maxOutputTokens }];
  }
}
