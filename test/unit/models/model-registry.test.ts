import { Global, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppError, CLOCK, SystemClock } from '../../../src/common/index.js';
import { ConfigModule, loadConfig } from '../../../src/config/index.js';
import { checkLimitVariables, LIMITS_READER } from '../../../src/limits/index.js';
import { Metrics } from '../../../src/metrics/index.js';
import { ModelRegistry, ModelsModule } from '../../../src/models/index.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

const WITH_KEY = { GEMINI_API_KEY: 'a-key', GEMINI_MODEL: 'gemini-2.5-pro' };

@Global()
@Module({ providers: [{ provide: CLOCK, useClass: SystemClock }, { provide: LIMITS_READER, useValue: new FixedLimits() }, Metrics], exports: [CLOCK, LIMITS_READER, Metrics] })
class SomebodysBaseModule {}

/** An application that is not ours, with nothing of ours but what the module asks for. */
async function registryOf(environment: Readonly<Record<string, string>>): Promise<{ registry: ModelRegistry; close: () => Promise<void> }> {
  @Module({ imports: [ConfigModule.forRoot(loadConfig(checkLimitVariables, environment)), SomebodysBaseModule, ModelsModule] })
  class SomebodysAppModule {}
  const app = await NestFactory.createApplicationContext(SomebodysAppModule, { logger: false, abortOnError: false });
  return { registry: app.get(ModelRegistry), close: () => app.close() };
}

describe('ModelRegistry', () => {
  async function use<Result>(environment: Readonly<Record<string, string>>, look: (registry: ModelRegistry) => Result): Promise<Result> {
    const { registry, close } = await registryOf(environment);
    try {
      return look(registry);
    } finally {
      await close();
    }
  }

  function refusal(registry: ModelRegistry, modelId: string): AppError {
    try {
      registry.resolve(modelId);
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
    throw new Error(`${modelId} was accepted.`);
  }

  it('has the offline planner alone, as the default, when there is no key', async () => {
    await use({}, (registry) => {
      expect(registry.resolve().id).toBe('offline/planner');
      expect(registry.list()).toEqual([{ id: 'offline/planner', contextWindowTokens: expect.any(Number), maxOutputTokens: expect.any(Number), isDefault: true }]);
    });
  });

  it('says what is configured and what is missing when it does not know a model', async () => {
    await use({}, (registry) => {
      expect(refusal(registry, 'gemini/gemini-3.6-flash')).toMatchObject({
        code: 'unknown_model',
        message: 'There is no model "gemini/gemini-3.6-flash". Configured: offline/planner. Set GEMINI_API_KEY to use Gemini models.',
      });
    });
  });

  it('has Gemini with a key: the configured model as the default, the known ones, and any other by name', async () => {
    await use(WITH_KEY, (registry) => {
      expect(registry.resolve().id).toBe('gemini/gemini-2.5-pro');
      expect(registry.list()[0]).toEqual({ id: 'gemini/gemini-2.5-pro', contextWindowTokens: 1_048_576, maxOutputTokens: 65_536, isDefault: true });
      expect(registry.list().map(({ id }) => id)).toEqual(expect.arrayContaining(['gemini/gemini-3.6-flash', 'offline/planner']));
      expect(new Set(registry.list().map(({ id }) => id)).size).toBe(registry.list().length);
      expect(registry.resolve('gemini/gemini-9-next')).toMatchObject({ id: 'gemini/gemini-9-next', maxOutputTokens: 8_192 });
      expect(registry.resolve('offline/planner').id).toBe('offline/planner');
    });
  });

  it.each(['', '/', 'gemini', 'gemini/', 'offline/other', 'mystery/model', 'gemini/../files', 'gemini/a/b', 'gemini/a:b', 'gemini/a?x=1', 'constructor/x'])('refuses %j', async (modelId) => {
    await use(WITH_KEY, (registry) => expect(refusal(registry, modelId).code).toBe('unknown_model'));
  });

  it('lists a default that no catalogue knows', async () => {
    await use({ ...WITH_KEY, DEFAULT_MODEL: 'gemini/gemini-9-next' }, (registry) => {
      expect(registry.list().filter(({ isDefault }) => isDefault).map(({ id }) => id)).toEqual(['gemini/gemini-9-next']);
    });
  });

  it('stops the boot when the default model does not exist', async () => {
    await expect(registryOf({ DEFAULT_MODEL: 'mystery/model' })).rejects.toThrow('There is no model "mystery/model"');
  });
});
