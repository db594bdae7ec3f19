import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../common/index.js';
import { CONFIG, type Config } from '../config/index.js';
import type { LanguageModel, ModelId } from './language-model.port.js';
import { MODEL_PROVIDERS, type ModelProvider, type ModelSummary } from './model-provider.port.js';

export interface ModelDescription extends ModelSummary {
  /** What a run uses that names no model. */
  readonly isDefault: boolean;
}

/** Knows every model by its id, `provider/model`. */
@Injectable()
export class ModelRegistry implements OnModuleInit {
  private readonly defaultModelId: ModelId;
  private readonly fallbackModelId?: ModelId;
  private readonly architectModelId?: ModelId;

  constructor(
    @Inject(MODEL_PROVIDERS) private readonly providers: readonly ModelProvider[],
    @Inject(CONFIG) config: Pick<Config, 'models'>,
  ) {
    this.defaultModelId = config.models.defaultModel;
    this.fallbackModelId = config.models.fallbackModel;
    this.architectModelId = config.models.architectModel;
  }

  /** A configured model that does not exist stops the boot rather than the first run. */
  onModuleInit(): void {
    this.resolve();
    this.fallback();
    this.architect();
  }

  /** What runs go on with when their own model keeps failing; undefined when none is configured. */
  fallback(): LanguageModel | undefined {
    return this.fallbackModelId === undefined ? undefined : this.resolve(this.fallbackModelId);
  }

  /** Who is asked for advice when a run gets stuck; undefined when nobody is configured. */
  architect(): LanguageModel | undefined {
    return this.architectModelId === undefined ? undefined : this.resolve(this.architectModelId);
  }

  /**
   * @param modelId default: the configured default model
   * @throws AppError `unknown_model`, naming what is configured
   */
  resolve(modelId: ModelId = this.defaultModelId): LanguageModel {
    const [providerName = '', ...rest] = modelId.split('/');
    const model = this.providers.find(({ name }) => name === providerName)?.find(rest.join('/'));
    if (!model) throw new AppError('unknown_model', this.explainUnknown(modelId));
    return model;
  }

  /** The models worth offering, the default first. A provider may serve more by name. */
  list(): readonly ModelDescription[] {
    const { id, contextWindowTokens, maxOutputTokens } = this.resolve();
    const others = this.providers.flatMap((provider) => provider.list()).filter((summary) => summary.id !== id);
    return [{ id, contextWindowTokens, maxOutputTokens, isDefault: true }, ...others.map((summary) => ({ ...summary, isDefault: false }))];
  }

  private explainUnknown(modelId: string): string {
    const configured = this.providers.flatMap((provider) => provider.list()).map(({ id }) => id);
    const hints = this.providers.flatMap(({ setupHint }) => setupHint ?? []);
    return [`There is no model ${JSON.stringify(modelId.slice(0, 100))}. Configured: ${configured.join(', ')}.`, ...hints].join(' ');
  }
}
