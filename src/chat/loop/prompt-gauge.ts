import { Injectable } from '@nestjs/common';
import { TokenCalibration } from '../../billing/index.js';
import { PrismaService } from '../../database/index.js';

/** A prompt of the same conversation that the provider has counted. */
export interface PromptAnchor {
  readonly model: string;
  readonly realTokens: number;
  /** The estimate of that very prompt, before calibration. */
  readonly estimatedTokens: number;
}

/**
 * How large a prompt will turn out to be. What the provider last counted of the conversation is taken as it is, and
 * only what has come or gone since is guessed; the guess is calibrated by what the model's other prompts were off.
 */
@Injectable()
export class PromptGauge {
  constructor(
    private readonly prisma: PrismaService,
    private readonly calibration: TokenCalibration,
  ) {}

  expect(model: string, estimatedTokens: number, anchor: PromptAnchor | undefined): number {
    if (anchor?.model !== model) return this.calibration.calibrate(model, estimatedTokens);
    return Math.max(1, this.calibration.extend(model, anchor.realTokens, estimatedTokens - anchor.estimatedTokens));
  }

  /** Takes in what the provider counted. @returns the anchor for the next prompt */
  learn(anchor: PromptAnchor): PromptAnchor {
    this.calibration.learn(anchor);
    return anchor;
  }

  /** The first prompt of the conversation's latest run on this model, which the next run's begins with. */
  async anchorOf(conversationId: string, model: string): Promise<PromptAnchor | undefined> {
    const rows = await this.prisma.$queryRaw<{ realTokens: number; estimatedTokens: number }[]>`
      SELECT s.input_tokens AS "realTokens", (r.estimate->>'uncalibratedInputTokens')::int AS "estimatedTokens"
      FROM runs r JOIN steps s ON s.run_id = r.id AND s.iteration = 1
      WHERE r.conversation_id = ${conversationId}::uuid AND s.model = ${model} AND s.input_tokens > 0 AND r.estimate ? 'uncalibratedInputTokens'
      ORDER BY r.created_at DESC, s.attempt DESC LIMIT 1`;
    return rows[0] && { model, ...rows[0] };
  }
}
