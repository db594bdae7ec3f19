import type { MessageEvent } from '@nestjs/common';
import type { LoggedEvent, StreamProtocol } from '../../streaming/index.js';
import type { SharedTellings } from './shared-tellings.js';
import { DONE, errorText, type UiMessageChunk } from './ui-message-chunk.js';
import { type Asking, END_OF_QUESTIONS, projectEvent } from './ui-message-projector.js';
import { EMPTY_MESSAGE, type UiMessageState } from './ui-message-state.js';

export interface MessageHead {
  readonly runId: string;
  readonly conversationId: string;
  readonly messageId: string;
}

/** A run as AI SDK's UI message stream: from its beginning, or from behind the questions that the client has just answered. */
export class UiMessageStreamProtocol implements StreamProtocol {
  private state: UiMessageState = EMPTY_MESSAGE;
  private hasStarted = false;
  /** Questions to pass by before anything is told. */
  private readonly awaited: Set<string>;
  private isPassing: boolean;

  constructor(
    private readonly head: MessageHead,
    private readonly asking: Asking,
    private readonly tellings: SharedTellings,
    answeredNow: readonly string[] = [],
  ) {
    this.awaited = new Set(answeredNow);
    this.isPassing = answeredNow.length > 0;
  }

  get isOver(): boolean {
    return this.state.isOver;
  }

  frames(events: readonly LoggedEvent[]): MessageEvent[] {
    if (this.isOver) return [];
    const wasPassing = this.isPassing;
    const rest = wasPassing ? this.passBy(events) : events;
    if (this.isPassing) return [];
    const stillAsking = this.isOver ? [JSON.stringify(END_OF_QUESTIONS)] : undefined; // others of the questions that were just passed
    const { state, frames } = stillAsking ? { state: this.state, frames: stillAsking } : this.tellings.tell(this.state, rest, this.asking);
    this.state = state;
    if (frames.length === 0 && !wasPassing) return [];
    return [...this.start(), ...frames, ...(state.isOver ? [DONE] : [])].map((data) => ({ data }));
  }

  /** These clients take a clean end for success. */
  farewell(): MessageEvent[] {
    if (this.isOver) return [];
    const interrupted: UiMessageChunk = { type: 'error', errorText: errorText('stream_interrupted', 'The connection was ended here and the run goes on. Resume the stream.') };
    return [JSON.stringify(interrupted), DONE].map((data) => ({ data }));
  }

  private start(): string[] {
    if (this.hasStarted) return [];
    this.hasStarted = true;
    const { messageId, ...messageMetadata } = this.head;
    const start: UiMessageChunk = { type: 'start', messageId, messageMetadata };
    return [JSON.stringify(start)];
  }

  /** What the client has from the stream before. @returns what follows */
  private passBy(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    for (const [index, { event }] of events.entries()) {
      if (event.type === 'run.snapshot') {
        this.isPassing = false;
        this.state = { ...this.state, hasShown: true };
        return events.slice(index);
      }
      this.state = projectEvent(this.state, event, this.asking).state;
      if (event.type !== 'tool.approval_requested') continue;
      this.awaited.delete(event.data.callId);
      this.isPassing = this.awaited.size > 0 || (event.data.remaining ?? 0) > 0;
      if (!this.isPassing) return events.slice(index + 1);
    }
    return [];
  }
}
