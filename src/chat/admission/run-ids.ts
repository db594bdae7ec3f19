/** The rows of one admitted message. */
export interface RunIds {
  readonly runId: string;
  readonly conversationId: string;
  readonly sessionId: string;
  readonly userMessageId: string;
  readonly assistantMessageId: string;
}
