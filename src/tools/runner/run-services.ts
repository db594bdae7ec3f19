/** What the coordinator of a run does for its tools. Each is absent where a run has no use for it. */
export interface RunServices {
  /** Ends the turn with a question to the person, once the calls of this step are done. */
  readonly askUser?: (question: string) => void;
  /** @throws ToolError when the architect may not be asked or does not answer */
  readonly consultArchitect?: (question: string, signal: AbortSignal) => Promise<string>;
}
