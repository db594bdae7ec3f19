import { Module } from '@nestjs/common';
import { GuardedModels } from './breaker/guarded-models.js';
import { ModelBreakerModule } from './breaker/model-breaker.module.js';
import { GeminiModelProvider } from './gemini/gemini.model-provider.js';
import { MODEL_PROVIDERS, type ModelProvider } from './model-provider.port.js';
import { ModelRegistry } from './model-registry.js';
import { OfflineModelProvider } from './offline/offline.model-provider.js';
import { OpenAiModelProvider } from './openai-compatible/openai.model-provider.js';

/** Language models behind one port. Needs CONFIG, CLOCK, the limits and the metrics. */
@Module({
  imports: [ModelBreakerModule],
  providers: [
    OfflineModelProvider,
    GeminiModelProvider,
    OpenAiModelProvider,
    {
      provide: MODEL_PROVIDERS,
      inject: [GeminiModelProvider, OpenAiModelProvider, OfflineModelProvider],
      useFactory: (...providers: ModelProvider[]): ModelProvider[] => providers,
    },
    ModelRegistry,
    GuardedModels,
  ],
  exports: [ModelRegistry, GuardedModels],
})
export class ModelsModule {}
