// One answer on the page, fed by the run's events.
import { button, element } from './dom.js';
import { renderMarkdown } from './markdown.js';

export class RunView {
  #text = '';
  #isDrawing = false;
  #tools = new Map();

  #questions = new Map();
  #answerCall;

  /** @param answerCall `(callId, approved)` tells the server whether a call may run */
  constructor(log, answerCall) {
    this.#answerCall = answerCall;
    this.steps = element('div');
    this.answer = element('div', [], { className: 'answer' });
    this.cost = element('div', [], { className: 'cost' });
    this.node = element('article', [this.steps, this.answer, this.cost], { className: 'assistant' });
    this.node.setAttribute('aria-busy', 'true');
    log.append(this.node);
  }

  show(type, data) {
    const handler = HANDLERS[type];
    if (handler) handler(this, data);
  }

  setText(text) {
    this.#text = text;
    if (this.#isDrawing) return;
    // Words arrive faster than the screen refreshes: draw once per frame.
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.answer.replaceChildren(renderMarkdown(this.#text));
    });
  }

  addText(text) {
    this.setText(this.#text + text);
  }

  addReasoning(text) {
    if (!this.reasoning) {
      this.reasoning = element('pre');
      this.steps.append(element('details', [element('summary', ['Thinking']), this.reasoning]));
    }
    this.reasoning.append(text);
  }

  addTool({ callId, name, input }) {
    if (this.#tools.has(callId)) return;
    const output = element('pre', [JSON.stringify(input, null, 2)]);
    const summary = element('summary', [element('span', [name], { className: 'name' }), ` ${describeInput(input)}`]);
    const details = element('details', [summary, output], { className: 'tool running' });
    this.#tools.set(callId, { details, output });
    this.steps.append(details);
  }

  /** A call that waits for a person: two buttons beneath it, the first of them with the focus unless somebody is writing. */
  askAbout(call) {
    this.addTool(call);
    if (this.#questions.has(call.callId)) return;
    const tool = this.#tools.get(call.callId);
    tool.details.className = 'tool waiting';
    tool.details.open = true;
    const question = approvalQuestion(call, (approved) => this.#answerCall(call.callId, approved));
    this.#questions.set(call.callId, question);
    tool.details.after(question);
    if (!document.activeElement || document.activeElement === document.body) question.querySelector('button').focus();
  }

  closeQuestion(callId) {
    this.#questions.get(callId)?.remove();
    this.#questions.delete(callId);
    const details = this.#tools.get(callId)?.details;
    if (details?.classList.contains('waiting')) details.className = 'tool running';
  }

  endTool({ callId, name, output, error }) {
    this.addTool({ callId, name, input: {} });
    this.closeQuestion(callId);
    const tool = this.#tools.get(callId);
    tool.details.className = `tool ${error ? 'failed' : 'succeeded'}`;
    tool.output.append(`\n\n${error ? `${error.code}: ${error.message}` : output}`);
  }

  notice(text, isError = false) {
    this.steps.append(element('p', [text], { className: isError ? 'notice error' : 'notice' }));
  }

  end(billing) {
    for (const callId of [...this.#questions.keys()]) this.closeQuestion(callId);
    this.node.setAttribute('aria-busy', 'false');
    if (billing) this.cost.textContent = billing.formatted;
  }

  /** To be told the run from its beginning. */
  clear() {
    this.steps.replaceChildren();
    this.#tools.clear();
    this.#questions.clear();
    this.reasoning = undefined;
    this.setText('');
  }

  restore(snapshot) {
    this.clear();
    if (snapshot.reasoning) this.addReasoning(snapshot.reasoning);
    for (const tool of snapshot.toolCalls) {
      this.addTool(tool);
      if (tool.status === 'waiting') this.askAbout(tool);
      if (tool.status === 'succeeded' || tool.status === 'failed') this.endTool(tool);
    }
    this.setText(snapshot.message.text);
  }
}

const HANDLERS = {
  'run.snapshot': (view, data) => view.restore(data),
  'text.delta': (view, data) => view.addText(data.text),
  'text.discarded': (view) => view.setText(''),
  'reasoning.delta': (view, data) => view.addReasoning(data.text),
  'tool.called': (view, data) => {
    view.addTool(data);
    view.closeQuestion(data.callId);
  },
  'tool.approval_requested': (view, data) => view.askAbout(data),
  'tool.succeeded': (view, data) => view.endTool(data),
  'tool.failed': (view, data) => view.endTool(data),
  'failure.detected': (view, data) => view.notice(data.detail),
  'recovery.applied': (view, data) => view.notice(`Recovering: ${data.action}.`),
  'limit.reached': (view, data) => view.notice(`Limit ${data.limit} reached: ${data.action}`),
  'run.completed': (view, data) => {
    view.setText(data.message.text);
    view.end(data.billing);
  },
  'run.failed': (view, data) => {
    view.notice(data.error.message, true);
    view.end(data.billing);
  },
  'run.cancelled': (view, data) => {
    view.notice(data.reason === 'user' ? 'You stopped this answer.' : `Stopped: ${data.reason}.`);
    view.end(data.billing);
  },
};

function approvalQuestion({ name, expiresAt }, answer) {
  const buttons = [button('Allow', () => choose(true), { className: 'primary' }), button('Refuse', () => choose(false))];
  const choose = async (approved) => {
    for (const each of buttons) each.disabled = true;
    const accepted = await answer(approved);
    if (!accepted) for (const each of buttons) each.disabled = false;
  };
  const until = expiresAt ? ` Until ${new Date(expiresAt).toLocaleTimeString()}, then the answer is no.` : '';
  return element('div', [element('p', [`May ${name} run?${until}`]), ...buttons], { className: 'approval', role: 'group', 'aria-label': `Approval of ${name}` });
}

function describeInput(input) {
  const value = input?.path ?? input?.command ?? input?.pattern ?? input?.query ?? '';
  return typeof value === 'string' ? value.slice(0, 80) : '';
}
