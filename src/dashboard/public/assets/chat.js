// The chat page: conversations on the left, one of them open, at most one run followed at a time.
import { call, newRequestKey } from './api.js';
import { element } from './dom.js';
import { renderMarkdown } from './markdown.js';
import { recallRuns } from './past-runs.js';
import { followRun } from './run-stream.js';
import { RunView } from './run-view.js';

const page = Object.fromEntries(['conversations', 'new-conversation', 'model', 'status', 'balance', 'log', 'composer', 'message', 'send', 'stop'].map((id) => [id, document.getElementById(id)]));
const PAGE_SIZE = 100;

let conversationId = null;
let activeRunId = null;
let unfollow = () => {};
let pastRuns = recallRuns(keepAtEnd);

window.addEventListener('hashchange', () => void guarded(openFromAddress));
page.composer.addEventListener('submit', (event) => {
  event.preventDefault();
  void guarded(send);
});
page.message.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    page.composer.requestSubmit();
  }
});
page.stop.addEventListener('click', () => void guarded(stop));
page['new-conversation'].addEventListener('click', startConversation);
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && activeRunId) void guarded(stop);
  if (event.key.toLowerCase() === 'n' && event.altKey) startConversation();
});

void guarded(async () => {
  await Promise.all([showBalance(), listConversations()]);
  await openFromAddress();
});

async function send() {
  const text = page.message.value.trim();
  if (!text || activeRunId) return;
  page.send.disabled = true;
  try {
    // The key makes a retried click harmless: the same message starts one run.
    const started = await call('POST', '/api/chat/runs', { message: text, ...(conversationId ? { conversationId } : {}) }, { 'idempotency-key': newRequestKey() });
    page.message.value = '';
    showUserMessage(text);
    if (started.conversationId !== conversationId) {
      conversationId = started.conversationId;
      history.pushState(null, '', `#/c/${conversationId}`);
    }
    page.model.textContent = started.model;
    follow(started.runId, started.eventsUrl);
    await listConversations();
  } finally {
    page.send.disabled = activeRunId !== null;
  }
}

async function stop() {
  if (!activeRunId) return;
  page.stop.disabled = true;
  await call('POST', `/api/chat/runs/${activeRunId}/cancel`);
}

function follow(runId, eventsUrl) {
  const view = new RunView(page.log, (callId, approved) => answerCall(runId, callId, approved));
  setActive(runId);
  unfollow = followRun(eventsUrl, {
    onEvent: (type, data) => {
      keepAtEnd(() => view.show(type, data));
      if (type === 'run.started') page.model.textContent = `${data.model} · ${data.intent}`;
      if (type === 'usage.recorded') showCredits(data.balance);
      if (type === 'tool.approval_requested') page.status.textContent = 'waiting for you';
      if (type === 'tool.called' && page.status.textContent === 'waiting for you') page.status.textContent = 'working';
      if (type === 'run.phase' && data.phase !== 'complete') page.status.textContent = data.phase;
    },
    onEnd: () => {
      setActive(null);
      void guarded(showBalance);
    },
    onState: (state) => {
      if (state === 'reconnecting') page.status.textContent = 'reconnecting…';
      if (state === 'live' && page.status.textContent === 'reconnecting…') page.status.textContent = 'working';
      if (state === 'lost') {
        setActive(null);
        view.notice('The connection to this answer was lost. Reload the page to see how it ended.', true);
      }
    },
  });
}

/** @returns whether the server took the answer */
async function answerCall(runId, callId, approved) {
  const accepted = await guarded(async () => {
    await call('POST', `/api/chat/runs/${runId}/approvals/${encodeURIComponent(callId)}`, { approved });
    return true;
  });
  page.message.focus();
  return accepted === true;
}

function setActive(runId) {
  activeRunId = runId;
  page.stop.hidden = runId === null;
  page.stop.disabled = false;
  page.send.disabled = runId !== null;
  page.status.textContent = runId ? 'working' : '';
}

function startConversation() {
  location.hash = '';
  page.message.focus();
}

async function openFromAddress() {
  const id = /^#\/c\/([0-9a-f-]{36})$/.exec(location.hash)?.[1] ?? null;
  unfollow();
  pastRuns.close();
  pastRuns = recallRuns(keepAtEnd);
  setActive(null);
  conversationId = id;
  page.log.replaceChildren();
  markCurrent();
  if (!id) return;
  const conversation = await call('GET', `/api/chat/conversations/${id}`);
  await showMessages(id, conversation.activeRunId);
  if (conversation.activeRunId) {
    const run = await call('GET', `/api/chat/runs/${conversation.activeRunId}`);
    page.model.textContent = `${run.model} · ${run.intent}`;
    follow(run.runId, run.eventsUrl);
  }
  requestAnimationFrame(() => (page.log.scrollTop = page.log.scrollHeight)); // after the answers are drawn
}

/** Each run stands below its question, also one that failed before it said anything. Of a run that is no longer kept there are only the words. */
async function showMessages(id, runGoingOn) {
  const answers = new Map();
  const answerOf = (runId) => {
    if (!answers.has(runId)) answers.set(runId, new RunView(page.log));
    return answers.get(runId);
  };
  let cursor = null;
  do {
    const { items, nextCursor } = await call('GET', `/api/chat/conversations/${id}/messages?limit=${PAGE_SIZE}${cursor ? `&cursor=${cursor}` : ''}`);
    for (const message of items) {
      if (message.role === 'user') showUserMessage(message.text);
      if (message.runId && message.runId === runGoingOn) continue; // it is followed
      const view = message.runId && answerOf(message.runId);
      if (message.role === 'user') continue;
      if (view) view.setText(message.text);
      else page.log.append(element('article', [element('div', [renderMarkdown(message.text)], { className: 'answer' })], { className: 'assistant' }));
    }
    cursor = nextCursor;
  } while (cursor);
  for (const [runId, view] of answers) {
    view.end();
    pastRuns.watch(view, runId);
  }
}

function showUserMessage(text) {
  page.log.append(element('article', [text], { className: 'user' }));
  page.log.scrollTop = page.log.scrollHeight;
}

async function listConversations() {
  const { items } = await call('GET', '/api/chat/conversations?limit=50');
  page.conversations.replaceChildren(...items.map(({ id, title }) => element('li', [element('a', [title], { href: `#/c/${id}`, title })])));
  markCurrent();
}

function markCurrent() {
  for (const link of page.conversations.querySelectorAll('a')) {
    if (link.hash === `#/c/${conversationId}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

async function showBalance() {
  const { available } = await call('GET', '/api/billing/balance');
  showCredits(available);
}

function showCredits(credits) {
  page.balance.textContent = `${credits.toLocaleString(undefined, { maximumFractionDigits: 2 })} credits`;
}

/** Scrolls along only for those who are at the end already. */
function keepAtEnd(change) {
  const wasAtEnd = page.log.scrollHeight - page.log.scrollTop - page.log.clientHeight < 80;
  change();
  if (wasAtEnd) requestAnimationFrame(() => (page.log.scrollTop = page.log.scrollHeight));
}

/** Runs something a person asked for, and shows why it did not work. */
async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    page.log.append(element('p', [error.message], { className: 'notice error' }));
    page.log.scrollTop = page.log.scrollHeight;
  }
}
