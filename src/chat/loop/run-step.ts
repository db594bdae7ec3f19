import type { ModelAnswer, ToolCallResult } from '../../models/index.js';

/** One finished iteration of a run: what the model answered and what its tools said. */
export interface RunStep {
  readonly iteration: number;
  readonly answer: ModelAnswer;
  /** In the order of the answer's calls; empty when it made none. */
  readonly results: readonly ToolCallResult[];
}
