import type { RunEvent, RunSnapshot } from '../../streaming/index.js';
import type { AgUiEvent, AgUiMessage, RunFinishedOutcome, ToolResultMetadata } from './ag-ui-event.js';
import { AnswerParagraphs } from './answer-paragraphs.js';
import { messageIdOf, reasoningIdOf } from './message-ids.js';
import { OpenSpans } from './open-spans.js';
import { replaceMessages } from './replace-messages.js';
import { ShownCalls } from './shown-calls.js';
import { ShownMessages } from './shown-messages.js';
import { messagesOfSnapshot } from './snapshot-messages.js';
import { toTokenUsage } from './token-usage.js';

/** What the client calls its run. */
export interface AgUiRun {
  readonly threadId: string;
  readonly runId: string;
}

/**
 * Folds the events of a run into those of AG-UI, from the first on. Nothing but the events decides what comes out, so every
 * viewer sees the same. Each answer of the model is a message with its calls, the results stand behind it.
 */
export class AgUiProjector {
  private readonly spans = new OpenSpans();
  private readonly answer = new AnswerParagraphs();
  private readonly shown = new ShownMessages();
  private readonly calls: ShownCalls;
  /** Numbers the messages, so that a replay gives them the same ids. */
  private messageCount = 0;
  /** The message that text and calls belong to; undefined when the next of them begins a new one. */
  private messageId: string | undefined;
  /** The message with the last paragraph of the answer. */
  private textId: string | undefined;

  /** @param runId of the run here, not the client's name for it */
  constructor(
    private readonly runId: string,
    private readonly run: AgUiRun,
  ) {
    this.calls = new ShownCalls(runId);
  }

  /** The messages of the run, as the client has them when it has got everything. */
  get messages(): readonly AgUiMessage[] {
    return this.shown.all;
  }

  /** Whether all is told that a person is asked. */
  get isWaiting(): boolean {
    return this.calls.isWaiting;
  }

  knowsCall(callId: string): boolean {
    return this.calls.has(callId);
  }

  project(event: RunEvent): AgUiEvent[] {
    const events = this.eventsOf(event);
    for (const each of events) this.shown.apply(each);
    return events;
  }

  /** The end of the client's run, because a person is asked. Nothing of what is open stays open. */
  interrupt(): AgUiEvent[] {
    return [...this.spans.closeAll(), this.finished({ type: 'interrupt', interrupts: this.calls.interrupts })];
  }

  /** What was asked is answered: what follows is another run of the client. */
  goOn(answeredCallIds: readonly string[]): void {
    this.calls.goOn(answeredCallIds);
  }

  closeSpans(): AgUiEvent[] {
    return this.spans.closeAll();
  }

  /** For a client whose run begins here: it is in the middle of a step. */
  reopenSpans(): AgUiEvent[] {
    const { stepName } = this.spans;
    return stepName === undefined ? [] : [{ type: 'STEP_STARTED', stepName }];
  }

  private eventsOf(event: RunEvent): AgUiEvent[] {
    switch (event.type) {
      case 'iteration.started':
        this.messageId = undefined;
        return this.spans.beginStep(`iteration ${event.data.iteration}`);
      case 'iteration.completed':
        this.messageId = undefined;
        return this.spans.closeAll();
      case 'reasoning.delta':
        return event.data.text === '' ? [] : [...this.spans.reasoning(this.reasoningId()), { type: 'REASONING_MESSAGE_CONTENT', messageId: this.reasoningId(), delta: event.data.text }];
      case 'text.delta':
        return this.text(event.data.text);
      case 'text.discarded':
        return this.takeBack();
      case 'tool.approval_requested':
        this.calls.ask(event.data);
        return this.call(event.data);
      case 'tool.called':
        this.calls.run(event.data.callId);
        return this.call(event.data);
      case 'tool.succeeded': {
        const { callId, output, truncated, durationMs } = event.data;
        return [...this.call(event.data), ...this.result(callId, output, { ok: true, truncated, durationMs })];
      }
      case 'tool.failed': {
        const { callId, error, durationMs } = event.data;
        return [...this.call(event.data), ...this.result(callId, error.message, { ok: false, code: error.code, durationMs })];
      }
      case 'run.snapshot':
        return this.replaceAll(event.data);
      case 'run.completed': {
        const { finishReason, usage } = event.data;
        return [...this.end(event), { ...this.finished({ type: 'success' }), result: { finishReason }, usage: [toTokenUsage(usage)] }];
      }
      case 'run.cancelled':
        return [...this.end(event), { ...this.finished({ type: 'cancelled' }), usage: [toTokenUsage(event.data.usage)] }];
      case 'run.failed': {
        const { error, usage } = event.data;
        return [...this.end(event), { type: 'RUN_ERROR', message: error.message, code: error.code, usage: [toTokenUsage(usage)] }];
      }
      default:
        return [custom(event)];
    }
  }

  private text(piece: string): AgUiEvent[] {
    const messageId = this.message();
    const { text, isReplaced } = this.answer.append(piece, messageId !== this.textId);
    this.textId = messageId;
    if (text === '') return [];
    const takenBack = isReplaced ? [...this.spans.closeMessage(), ...replaceMessages(this.shown.all, this.shown.withoutAnyText())] : [];
    return [...takenBack, ...this.spans.text(messageId), { type: 'TEXT_MESSAGE_CONTENT', messageId, delta: text }];
  }

  private takeBack(): AgUiEvent[] {
    const { textId } = this;
    const closing = this.spans.closeMessage();
    this.answer.discard();
    this.textId = undefined;
    return textId === undefined ? closing : [...closing, ...replaceMessages(this.shown.all, this.shown.withoutAnswer(textId))];
  }

  private call(call: { readonly callId: string; readonly name: string; readonly input?: unknown }): AgUiEvent[] {
    return [...this.spans.closeMessage(), ...this.calls.tell(call, () => this.message())];
  }

  /** What the model says next is another message. */
  private result(callId: string, content: string, outcome: ToolResultMetadata['lomu']): AgUiEvent[] {
    this.messageId = undefined;
    return this.calls.result(callId, content, outcome);
  }

  private end(event: RunEvent): AgUiEvent[] {
    return [...this.spans.closeAll(), ...this.calls.end(), custom(event)];
  }

  private replaceAll(snapshot: RunSnapshot): AgUiEvent[] {
    const closing = this.spans.closeAll();
    const messages = messagesOfSnapshot(this.runId, snapshot);
    this.answer.reset(snapshot.message.text);
    this.messageCount = 1;
    this.messageId = messageIdOf(this.runId, 1);
    this.textId = snapshot.message.text === '' ? undefined : this.messageId;
    this.calls.reset(snapshot.toolCalls);
    return [...closing, ...replaceMessages(this.shown.all, messages)];
  }

  private finished(outcome: RunFinishedOutcome): Extract<AgUiEvent, { type: 'RUN_FINISHED' }> {
    return { type: 'RUN_FINISHED', ...this.run, outcome };
  }

  private message(): string {
    return (this.messageId ??= messageIdOf(this.runId, (this.messageCount += 1)));
  }

  /** Of the answer that it leads to. */
  private reasoningId(): string {
    return reasoningIdOf(this.messageId ?? messageIdOf(this.runId, this.messageCount + 1));
  }
}

/** What AG-UI has no event for. The answer, which the client has, is left out. */
function custom({ type, data }: RunEvent): AgUiEvent {
  const { message: _, ...value } = data as { readonly message?: unknown };
  return { type: 'CUSTOM', name: `lomu.${type}`, value };
}
