import type { RunEventWriter } from '../../streaming/index.js';

/**
 * The answer as the person sees it. The deltas sent for the message, minus what was discarded, are
 * always exactly this text: iterations are paragraphs of one message.
 */
export class AnswerText {
  private current = '';

  constructor(
    private readonly messageId: string,
    private readonly writer: RunEventWriter,
    /** What was said of it before, when the run goes on where it was left. */
    private finished = '',
  ) {}

  get text(): string {
    return this.finished + this.current;
  }

  /** Adds a piece of the answer while it arrives. */
  append(text: string): void {
    const piece = this.current === '' && this.finished !== '' ? `\n\n${text}` : text;
    this.current += piece;
    this.writer.append({ type: 'text.delta', data: { messageId: this.messageId, text: piece } });
  }

  /** Keeps what the present model call said. */
  keep(): void {
    this.finished += this.current;
    this.current = '';
  }

  /** Takes back what the present model call said; earlier paragraphs are shown again at once. */
  discard(reason: string): void {
    if (this.current === '') return;
    this.current = '';
    this.writer.append({ type: 'text.discarded', data: { messageId: this.messageId, reason } });
    if (this.finished !== '') this.writer.append({ type: 'text.delta', data: { messageId: this.messageId, text: this.finished } });
  }
}
