import { Inject, Injectable, Logger } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { type LanguageModel, ModelError, ModelRegistry } from '../../models/index.js';
import type { RunContext } from '../loop/run-context.js';
import { SideCalls } from '../loop/side-call.js';
import { ARCHITECT_SYSTEM, writeBrief } from './architect-brief.js';

/** Asks the architect model (`ARCHITECT_MODEL`) how to go on, with a brief of the run. Paid like any model call of it. */
@Injectable()
export class Architect {
  private readonly logger = new Logger(Architect.name);

  constructor(
    private readonly models: ModelRegistry,
    private readonly sideCalls: SideCalls,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /** Undefined when none is configured. */
  get model(): LanguageModel | undefined {
    return this.models.architect();
  }

  /** Whether one is configured and may still be asked in this run. */
  isAvailable(context: RunContext): boolean {
    return this.model !== undefined && context.consultations < this.limits.of(context.limits, 'architect.maxPerRun');
  }

  /**
   * @param question of the agent, or what was seen to go wrong
   * @param signal aborts with a RunStopped
   * @throws AppError `limit_exceeded` when it may not be asked, `insufficient_credits`; ModelError; RunStopped
   */
  async consult(context: RunContext, question: string, signal: AbortSignal): Promise<string> {
    const { model } = this;
    if (!model || !this.isAvailable(context)) {
      throw new AppError('limit_exceeded', model ? 'The architect was asked often enough in this run (architect.maxPerRun).' : 'There is no architect to ask (ARCHITECT_MODEL).');
    }
    context.consultations++;
    const maxCharacters = this.limits.of(context.limits, 'architect.maxBriefCharacters');
    const text = writeBrief({ goal: context.userMessage, question, steps: context.steps }, maxCharacters);
    const maxOutputTokens = this.limits.of(context.limits, 'architect.maxOutputTokens');
    return this.sideCalls.ask(context, { model, system: ARCHITECT_SYSTEM, text, maxOutputTokens, signal });
  }

  /** Advice where a run can also go on without: undefined when the architect cannot be asked or does not answer. */
  async advise(context: RunContext, question: string, signal: AbortSignal): Promise<string | undefined> {
    if (!this.isAvailable(context)) return undefined;
    try {
      return (await this.consult(context, question, signal)) || undefined;
    } catch (error) {
      const isOurs = error instanceof ModelError || (error instanceof AppError && error.kind !== 'internal');
      if (!isOurs) throw error;
      this.logger.warn({ message: 'the architect did not answer', runId: context.row.id, error });
      return undefined;
    }
  }
}

/** A nudge with the advice that was asked for. */
export function withAdvice(nudge: string, advice: string | undefined): string {
  return advice ? `${nudge}\n\nAdvice of the architect, who has seen what you did:\n${advice}` : nudge;
}
