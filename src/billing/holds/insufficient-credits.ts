import { AppError, type NanoUsd, toCredits } from '../../common/index.js';
import { readableCredits } from '../readable-credits.js';

export interface Shortage {
  readonly requiredNanoUsd: NanoUsd;
  readonly availableNanoUsd: NanoUsd;
}

/** The refusal of a call that cannot be paid for; its members say what is missing, exactly and in credits. */
export function insufficientCredits({ requiredNanoUsd, availableNanoUsd }: Shortage, creditValueNanoUsd: NanoUsd): AppError {
  const missingNanoUsd = requiredNanoUsd - availableNanoUsd;
  const [required, available, missing] = [requiredNanoUsd, availableNanoUsd, missingNanoUsd].map((amount) => toCredits(amount, creditValueNanoUsd)) as [number, number, number];
  const detail = `This needs at least ${readableCredits(required)} credits and ${readableCredits(available)} are available; ${readableCredits(missing)} are missing.`;
  return new AppError('insufficient_credits', detail, {
    extensions: { requiredCredits: required, availableCredits: available, missingCredits: missing, missingNanoUsd: missingNanoUsd.toString() },
  });
}
