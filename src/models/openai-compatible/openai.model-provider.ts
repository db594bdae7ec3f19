import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import type { LanguageModel } from '../language-model.port.js';
import type { ModelProvider, ModelSummary } from '../model-provider.port.js';
import { OpenAiConnection } from './openai-connection.js';
import { OpenAiLanguageModel, type OpenAiModelSizes } from './openai.language-model.js';

/** Names are free, e.g. `qwen3-coder:30b` or `meta-llama/Llama-3.3-70B-Instruct`; they go into JSON and nowhere else. */
const MODEL_NAME = /^[\x21-\x7e]{1,200}$/;
/** An answer may take this share of the window at most, so that a small one leaves room for the question. */
const OUTPUT_SHARE = 0.25;

/** Every model of the configured endpoint. */
@Injectable()
export class OpenAiModelProvider implements ModelProvider, OnApplicationShutdown {
  readonly name = 'openai';
  private readonly connection?: OpenAiConnection;
  private readonly configuredModel?: string;
  private readonly sizes: OpenAiModelSizes;

  constructor(@Inject(CONFIG) config: Pick<Config, 'models'>, @Inject(CLOCK) clock: Clock) {
    const { openai } = config.models;
    const contextWindowTokens = openai?.contextTokens ?? 0;
    this.sizes = { contextWindowTokens, maxOutputTokens: Math.floor(contextWindowTokens * OUTPUT_SHARE) };
    if (!openai) return;
    this.connection = new OpenAiConnection(openai.baseUrl, openai.apiKey, clock);
    this.configuredModel = openai.model;
  }

  find(modelName: string): LanguageModel | undefined {
    if (!this.connection || !MODEL_NAME.test(modelName)) return undefined;
    return new OpenAiLanguageModel(this.connection, modelName, this.sizes);
  }

  list(): readonly ModelSummary[] {
    return this.configuredModel ? [{ id: `openai/${this.configuredModel}`, ...this.sizes }] : [];
  }

  /** As late as this: runs being drained still use the connections. */
  onApplicationShutdown(): void {
    this.connection?.close();
  }
}
