export type {
  CountOptions,
  FinishReason,
  GenerateOptions,
  LanguageModel,
  ModelAnswer,
  ModelContent,
  ModelDelta,
  ModelId,
  ModelRequest,
  ModelResponse,
  RawParts,
  ToolCallRequest,
  ToolCallResult,
  ToolDeclaration,
} from './language-model.port.js';
export { ModelError, type ModelErrorDetails, type ModelErrorKind } from './model-error.js';
export { type ModelDescription, ModelRegistry } from './model-registry.js';
export { GuardedModels } from './breaker/guarded-models.js';
export { type BreakerState, MODEL_BREAKER, type ModelBreaker } from './breaker/model-breaker.port.js';
export { ModelBreakerModule } from './breaker/model-breaker.module.js';
export { ModelsModule } from './models.module.js';
