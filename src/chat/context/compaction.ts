import { Inject, Injectable, Logger } from '@nestjs/common';
import { AppError } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ModelError } from '../../models/index.js';
import { ToolRegistry } from '../../tools/index.js';
import { AnswerChants } from '../loop/answer-chants.js';
import { type BuiltPrompt, type Prompt, PromptBuilder } from '../loop/prompt-builder.js';
import type { RunContext } from '../loop/run-context.js';
import { SideCalls } from '../loop/side-call.js';
import type { ContextDigest } from './context-digest.js';
import { changedPathsOf, SUMMARY_SYSTEM, writeMaterial } from './run-summary.js';

/** The latest steps are always kept whole: they are what the model is working on. */
const RECENT_STEPS = 2;
/** So that the material of a summary fits its window whatever language it is in. */
const CHARACTERS_PER_TOKEN = 2;
/** Larger than any prompt: nothing is left out to make it fit. */
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

/**
 * Keeps a run within the window of its model: first the outputs of older tool calls are left out, then a summary takes the place
 * of the older steps. A summary that saves too little or forgets a changed file is not used.
 */
@Injectable()
export class Compaction {
  private readonly logger = new Logger(Compaction.name);

  constructor(
    private readonly prompts: PromptBuilder,
    private readonly sideCalls: SideCalls,
    private readonly tools: ToolRegistry,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  /** Whether a prompt fills too much of the window, or something was left out so that it would not. */
  isDue(context: RunContext, { estimatedInputTokens, droppedMessages }: BuiltPrompt, windowTokens: number): boolean {
    return droppedMessages > 0 || estimatedInputTokens > windowTokens * this.limits.of(context.limits, 'context.compactShare');
  }

  /** @param prompt what is asked, the digest aside */
  async compact(context: RunContext, prompt: Prompt, windowTokens: number, signal: AbortSignal): Promise<void> {
    this.mask(context, windowTokens * this.limits.of(context.limits, 'context.keepOutputShare'));
    const allowed = windowTokens * this.limits.of(context.limits, 'context.compactShare');
    if (this.sizeOf(prompt, context.digest) > allowed) await this.summarise(context, prompt, windowTokens, signal);
  }

  /** After a model said that the prompt is too long for it: all that can be done at once. */
  async force(context: RunContext, signal: AbortSignal): Promise<void> {
    this.mask(context, 0);
    const { row, history, userMessage, steps } = context;
    const prompt: Prompt = { intent: row.intent as Prompt['intent'], history, userMessage, steps, isLastIteration: false, maxOutputTokens: 1 };
    await this.summarise(context, prompt, context.model.contextWindowTokens, signal);
  }

  /** Leaves out the outputs that are older than the newest `keptTokens` of them. */
  private mask(context: RunContext, keptTokens: number): void {
    let tokens = 0;
    let maskedSteps = context.steps.length;
    while (maskedSteps > 0) {
      const step = context.steps[maskedSteps - 1];
      tokens += this.prompts.outputTokens(step?.results ?? []);
      const isRecent = context.steps.length - maskedSteps < 1; // the newest has not been seen yet
      if (!isRecent && tokens > keptTokens) break;
      maskedSteps--;
    }
    if (maskedSteps <= context.digest.maskedSteps) return;
    context.digest = { ...context.digest, maskedSteps };
    this.tell(context, `The outputs of the tools of ${maskedSteps} older steps were left out.`);
  }

  private async summarise(context: RunContext, prompt: Prompt, windowTokens: number, signal: AbortSignal): Promise<void> {
    const { digest } = context;
    const steps = Math.max(0, context.steps.length - RECENT_STEPS);
    const isNothingNew = steps <= (digest.summary?.steps ?? 0) && (digest.summary !== undefined || context.history.length === 0);
    if (digest.isSummaryRefused || isNothingNew) return;
    const text = await this.askForSummary(context, steps, windowTokens, signal);
    const summarised: ContextDigest = { ...digest, ...(text !== undefined && { summary: { text, steps } }) };
    const saving = 1 - this.sizeOf(prompt, summarised) / this.sizeOf(prompt, digest);
    const isKept = text !== undefined && saving >= this.limits.of(context.limits, 'context.minSavingShare') && this.changedPaths(context, steps).every((path) => text.includes(path));
    context.digest = isKept ? summarised : { ...digest, isSummaryRefused: true };
    if (isKept) this.tell(context, `The first ${steps} steps and the earlier conversation were summed up.`);
  }

  private async askForSummary(context: RunContext, steps: number, windowTokens: number, signal: AbortSignal): Promise<string | undefined> {
    const { digest, history, userMessage } = context;
    const conversation = history.flatMap((content) => (content.role === 'tool' ? [] : [`${content.role}: ${content.text}`])).join('\n');
    const text = writeMaterial(
      {
        goal: userMessage,
        conversation: digest.summary ? '' : conversation,
        before: digest.summary?.text,
        steps: context.steps.slice(digest.summary?.steps ?? 0, steps),
        changedPaths: this.changedPaths(context, steps),
      },
      windowTokens * CHARACTERS_PER_TOKEN * this.limits.of(context.limits, 'context.compactShare'),
    );
    const maxOutputTokens = this.limits.of(context.limits, 'context.maxSummaryTokens');
    try {
      return (await this.sideCalls.ask(context, { model: context.model, system: SUMMARY_SYSTEM, text, maxOutputTokens, signal })) || undefined;
    } catch (error) {
      const isExpected = error instanceof ModelError || error instanceof AnswerChants || (error instanceof AppError && error.kind !== 'internal');
      if (!isExpected) throw error;
      this.logger.warn({ message: 'no summary of the run', runId: context.row.id, error });
      return undefined;
    }
  }

  private changedPaths(context: RunContext, steps: number): string[] {
    return changedPathsOf(context.steps.slice(0, steps), (name) => !this.tools.isReadOnly(name));
  }

  private sizeOf(prompt: Prompt, digest: ContextDigest): number {
    return this.prompts.build({ ...prompt, digest }, UNBOUNDED).estimatedInputTokens;
  }

  private tell(context: RunContext, action: string): void {
    context.writer.append({ type: 'limit.reached', data: { limit: 'context.compactShare', value: this.limits.of(context.limits, 'context.compactShare'), action } });
  }
}
