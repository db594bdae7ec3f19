import type { AgUiEvent } from './ag-ui-event.js';

/** What has begun and not ended. At most one of text and reasoning is open, within at most one step. */
export class OpenSpans {
  private textId: string | undefined;
  private reasoningId: string | undefined;
  private step: string | undefined;

  get stepName(): string | undefined {
    return this.step;
  }

  text(messageId: string): AgUiEvent[] {
    if (this.textId === messageId) return [];
    const closing = this.closeMessage();
    this.textId = messageId;
    return [...closing, { type: 'TEXT_MESSAGE_START', messageId, role: 'assistant' }];
  }

  reasoning(messageId: string): AgUiEvent[] {
    if (this.reasoningId === messageId) return [];
    const closing = this.closeMessage();
    this.reasoningId = messageId;
    return [...closing, { type: 'REASONING_START', messageId }, { type: 'REASONING_MESSAGE_START', messageId, role: 'reasoning' }];
  }

  beginStep(stepName: string): AgUiEvent[] {
    const closing = this.closeAll();
    this.step = stepName;
    return [...closing, { type: 'STEP_STARTED', stepName }];
  }

  closeMessage(): AgUiEvent[] {
    const { textId, reasoningId } = this;
    this.textId = undefined;
    this.reasoningId = undefined;
    if (textId !== undefined) return [{ type: 'TEXT_MESSAGE_END', messageId: textId }];
    if (reasoningId === undefined) return [];
    return [{ type: 'REASONING_MESSAGE_END', messageId: reasoningId }, { type: 'REASONING_END', messageId: reasoningId }];
  }

  closeAll(): AgUiEvent[] {
    const { step: stepName } = this;
    this.step = undefined;
    return [...this.closeMessage(), ...(stepName === undefined ? [] : [{ type: 'STEP_FINISHED', stepName } as const])];
  }
}
