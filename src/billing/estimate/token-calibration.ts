import { Inject, Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';

interface Average {
  readonly ratio: number;
  readonly samples: number;
}

/** What was guessed of a prompt, and what the provider counted. */
export interface CountedPrompt {
  readonly model: string;
  /** Before calibration. */
  readonly estimatedTokens: number;
  readonly realTokens: number;
}

const NEUTRAL: Average = { ratio: 1, samples: 0 };
/** Later samples weigh this much; the first ones weigh evenly, so that the average settles quickly. */
const SMOOTHING = 0.05;
/** A count outside these factors is an odd prompt, pictures for instance, and no news about text. */
const PLAUSIBLE = { least: 0.5, most: 2 };
/** Shorter prompts are mostly the provider's own framing. */
const FEWEST_TOKENS = 50;

/**
 * Average of real over estimated prompt tokens per model. It takes out what an estimate gets wrong for a
 * model in general, such as another vocabulary or framing around messages, and survives restarts.
 */
@Injectable()
export class TokenCalibration implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger(TokenCalibration.name);
  private readonly averages = new Map<string, Average>();
  private readonly unsaved = new Set<string>();
  private saving?: Promise<void>;
  private savedAtMs: number;

  constructor(
    private readonly prisma: PrismaService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.savedAtMs = clock.monotonicMs();
  }

  async onModuleInit(): Promise<void> {
    const rows = await this.prisma.tokenCalibration.findMany({ orderBy: { updatedAt: 'desc' }, take: this.limits.value('billing.maxCalibratedModels') });
    for (const { model, ratio, samples } of rows) this.averages.set(model, { ratio, samples });
  }

  async onModuleDestroy(): Promise<void> {
    await this.saving;
    await this.save();
  }

  /** An estimate as it should be read for a model. */
  calibrate(model: string, estimatedTokens: number): number {
    return Math.ceil(estimatedTokens * this.averageOf(model).ratio);
  }

  /**
   * The next prompt of a conversation whose last one was counted exactly: only what is new is guessed.
   * @param newTokens estimate of what was added since, the model's own last answer included
   */
  extend(model: string, lastPromptTokens: number, newTokens: number): number {
    return lastPromptTokens + this.calibrate(model, newTokens);
  }

  averageOf(model: string): Average {
    return this.averages.get(model) ?? NEUTRAL;
  }

  /** Takes in a count of the provider; synchronous, saved behind the caller's back once in a while. */
  learn({ model, estimatedTokens, realTokens }: CountedPrompt): void {
    const ratio = realTokens / estimatedTokens;
    if (estimatedTokens < FEWEST_TOKENS || !(ratio >= PLAUSIBLE.least && ratio <= PLAUSIBLE.most)) return;
    const known = this.averages.get(model);
    if (!known && this.averages.size >= this.limits.value('billing.maxCalibratedModels')) return;
    const { ratio: average, samples } = known ?? NEUTRAL;
    const weight = Math.max(SMOOTHING, 1 / (samples + 1));
    this.averages.set(model, { ratio: average + weight * (ratio - average), samples: samples + 1 });
    this.unsaved.add(model);
    if (this.clock.monotonicMs() - this.savedAtMs >= this.limits.value('billing.calibrationSaveMs')) this.saving ??= this.save().finally(() => (this.saving = undefined));
  }

  /** Never rejects: a lost average is learnt again. */
  private async save(): Promise<void> {
    this.savedAtMs = this.clock.monotonicMs();
    const models = [...this.unsaved];
    this.unsaved.clear();
    try {
      for (const model of models) {
        const columns = { ...this.averageOf(model), updatedAt: new Date(this.clock.now()) };
        await this.prisma.tokenCalibration.upsert({ where: { model }, create: { model, ...columns }, update: columns });
      }
    } catch (error) {
      this.logger.warn({ message: 'token calibration not saved', error });
    }
  }
}
