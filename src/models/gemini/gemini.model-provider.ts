import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import type { LanguageModel } from '../language-model.port.js';
import type { ModelProvider, ModelSummary } from '../model-provider.port.js';
import { KNOWN_PROFILES, profileOf } from './gemini-catalog.js';
import { GeminiConnection } from './gemini-connection.js';
import { GeminiLanguageModel } from './gemini.language-model.js';

/** A name is a part of the URL, so nothing else may be smuggled in with it. */
const MODEL_NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/i;

/** Every Gemini model, as soon as there is a key. */
@Injectable()
export class GeminiModelProvider implements ModelProvider, OnApplicationShutdown {
  readonly name = 'gemini';
  private readonly connection?: GeminiConnection;
  private readonly configuredModel?: string;

  constructor(@Inject(CONFIG) config: Pick<Config, 'models'>, @Inject(CLOCK) clock: Clock) {
    const { gemini } = config.models;
    if (!gemini) return;
    this.connection = new GeminiConnection(gemini.apiKey, gemini.baseUrl, clock);
    this.configuredModel = gemini.model;
  }

  get setupHint(): string | undefined {
    return this.connection ? undefined : 'Set GEMINI_API_KEY to use Gemini models.';
  }

  find(modelName: string): LanguageModel | undefined {
    if (!this.connection || !MODEL_NAME.test(modelName)) return undefined;
    return new GeminiLanguageModel(this.connection, profileOf(modelName));
  }

  list(): readonly ModelSummary[] {
    if (!this.connection || !this.configuredModel) return [];
    const others = KNOWN_PROFILES.filter(({ name }) => name !== this.configuredModel);
    return [profileOf(this.configuredModel), ...others].map(({ name, contextWindowTokens, maxOutputTokens }) => ({ id: `gemini/${name}`, contextWindowTokens, maxOutputTokens }));
  }

  /** As late as this: runs being drained still use the connections. */
  onApplicationShutdown(): void {
    this.connection?.close();
  }
}
