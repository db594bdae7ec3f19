import type { LanguageModel, ModelId } from './language-model.port.js';

/** Where models come from: one vendor's API, or this process. */
export interface ModelProvider {
  /** What stands before the slash of its models' ids. */
  readonly name: string;
  /** What has to be done before it offers anything; undefined when it is ready. */
  readonly setupHint?: string;
  /** @param modelName what stands after the slash; undefined comes back when it serves no such model */
  find(modelName: string): LanguageModel | undefined;
  /** The models worth offering; it may serve others by name. */
  list(): readonly ModelSummary[];
}

export interface ModelSummary {
  readonly id: ModelId;
  readonly contextWindowTokens: number;
  readonly maxOutputTokens: number;
}

export const MODEL_PROVIDERS = Symbol('ModelProviders');
