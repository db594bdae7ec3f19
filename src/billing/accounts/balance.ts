import type { NanoUsd } from '../../common/index.js';

/** available = posted − held (I3). Posted may be negative: a debt blocks new holds until it is paid. */
export interface Balance {
  readonly postedNanoUsd: NanoUsd;
  readonly heldNanoUsd: NanoUsd;
  readonly availableNanoUsd: NanoUsd;
}

export function toBalance(postedNanoUsd: NanoUsd, heldNanoUsd: NanoUsd): Balance {
  return { postedNanoUsd, heldNanoUsd, availableNanoUsd: postedNanoUsd - heldNanoUsd };
}
