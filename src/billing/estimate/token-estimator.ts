import { Injectable } from '@nestjs/common';
import { TextScale } from './text-scale.js';

/**
 * Guesses token counts from the shape of a text: words, digits, punctuation, scripts, encoded data.
 * Linear in the length and without a vocabulary, because every prompt of every iteration is measured.
 */
@Injectable()
export class TokenEstimator {
  /** Estimated tokens of a text, rounded up; 0 for an empty one. */
  estimate(text: string): number {
    return Math.ceil(new TextScale(text).weigh());
  }
}
