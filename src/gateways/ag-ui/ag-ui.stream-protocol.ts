import type { MessageEvent } from '@nestjs/common';
import { isTerminal, type LoggedEvent, type RunEvent, type StreamProtocol } from '../../streaming/index.js';
import type { AgUiEvent, AgUiMessage } from './ag-ui-event.js';
import { AgUiProjector, type AgUiRun } from './ag-ui-projector.js';
import { joinDeltas } from './join-deltas.js';
import { isMessageOf } from './message-ids.js';
import { replaceMessages } from './replace-messages.js';
import { type SharedFrames, toFrames } from './shared-frames.js';

const PROTOCOL_VERSION = '1.0';

/** A client's run, and which part of a run here it is. */
export interface ShownRun extends AgUiRun {
  /** of the run here */
  readonly lomuRunId: string;
  /** The calls whose approval begins this run of the client: what came before was another one of its runs. None: the run from its start. */
  readonly answeredCallIds: readonly string[];
}

/**
 * A run as AG-UI. It is folded from its first event whatever the client has seen, so ids are the same in every replay; the
 * client's own messages are set right first, when it kept something of what it is about to get again.
 */
export class AgUiStreamProtocol implements StreamProtocol {
  private readonly projector: AgUiProjector;
  /** What the client has kept of the run, and what it has beside it. */
  private readonly own: readonly AgUiMessage[];
  private readonly others: readonly AgUiMessage[];
  private isTelling = false;
  private hasEnded = false;

  constructor(
    private readonly run: ShownRun,
    clientMessages: readonly AgUiMessage[],
    private readonly shared: SharedFrames,
  ) {
    this.projector = new AgUiProjector(run.lomuRunId, { threadId: run.threadId, runId: run.runId });
    this.own = clientMessages.filter((message) => isMessageOf(run.lomuRunId, message));
    this.others = clientMessages.filter((message) => !isMessageOf(run.lomuRunId, message));
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Before anything of the run: by what name it can be stopped here. */
  opening(): MessageEvent[] {
    const { threadId, runId, lomuRunId } = this.run;
    const events: AgUiEvent[] = [
      { type: 'RUN_STARTED', threadId, runId, protocolVersion: PROTOCOL_VERSION },
      { type: 'CUSTOM', name: 'lomu.run', value: { runId: lomuRunId } },
    ];
    return toFrames([...events, ...(this.hasBegun() ? this.begin().map((event) => this.complete(event)) : [])]);
  }

  frames(logged: readonly LoggedEvent[]): readonly MessageEvent[] {
    const [cause] = logged;
    if (!cause) return [];
    const events = logged.flatMap(({ event }) => this.tell(event));
    if (this.isTelling && this.projector.isWaiting && !this.hasEnded) events.push(...this.interrupt());
    return this.shared.of(cause, joinDeltas(events.map((event) => this.complete(event))));
  }

  /** These clients take a clean end for success. */
  farewell(): MessageEvent[] {
    if (this.hasEnded) return [];
    this.hasEnded = true;
    const closing = this.isTelling ? this.projector.closeSpans() : [];
    const message = 'The connection ended before the run did, which goes on. Run the same runId again to go on watching.';
    return toFrames([...closing, { type: 'RUN_ERROR', message, code: 'stream_interrupted' }]);
  }

  private tell(event: RunEvent): AgUiEvent[] {
    if (this.hasEnded) return [];
    const isEnd = isTerminal(event.type);
    // Questions come together, and a run may end while it waits; anything else means that it went on, for another run of the client.
    if (this.isTelling && this.projector.isWaiting && event.type !== 'tool.approval_requested' && !isEnd) return this.interrupt();
    const events = this.projector.project(event);
    if (isEnd) this.hasEnded = true;
    if (this.isTelling) return events;
    if (isEnd) return [...this.begin(), ...events.slice(-1)];
    return this.hasBegun() ? this.begin() : [];
  }

  private hasBegun(): boolean {
    return this.run.answeredCallIds.every((callId) => this.projector.knowsCall(callId));
  }

  private begin(): AgUiEvent[] {
    this.isTelling = true;
    this.projector.goOn(this.run.answeredCallIds);
    const { messages } = this.projector;
    const isAsShown = this.own.length === messages.length && this.own.every(({ id }, index) => id === messages[index]?.id);
    return [...(isAsShown ? [] : replaceMessages(this.own, messages)), ...this.projector.reopenSpans()];
  }

  private interrupt(): AgUiEvent[] {
    this.hasEnded = true;
    return this.projector.interrupt();
  }

  /** A snapshot is of the whole thread, of which the client knows the rest. */
  private complete(event: AgUiEvent): AgUiEvent {
    return event.type === 'MESSAGES_SNAPSHOT' ? { ...event, messages: [...this.others, ...event.messages] } : event;
  }
}
