// Follows a run over EventSource, which resumes by itself with the id of the last event it got.

const TYPES = [
  'run.queued', 'run.started', 'run.phase', 'run.snapshot', 'iteration.started', 'iteration.completed', 'text.delta', 'text.discarded', 'reasoning.delta',
  'tool.called', 'tool.approval_requested', 'tool.progress', 'tool.succeeded', 'tool.failed', 'failure.detected', 'recovery.applied', 'limit.reached', 'usage.recorded',
  'run.completed', 'run.failed', 'run.cancelled',
];
const TERMINAL = new Set(['run.completed', 'run.failed', 'run.cancelled']);

/**
 * @param handlers `onEvent(type, data)`, `onEnd()` after the terminal event, `onState('live' | 'reconnecting' | 'lost')`
 * @returns a function that stops following
 */
export function followRun(eventsUrl, { onEvent, onEnd, onState }) {
  const source = new EventSource(eventsUrl);
  source.onopen = () => onState('live');
  source.onerror = () => onState(source.readyState === EventSource.CLOSED ? 'lost' : 'reconnecting');
  for (const type of TYPES) {
    source.addEventListener(type, (message) => {
      onEvent(type, JSON.parse(message.data));
      if (!TERMINAL.has(type)) return;
      source.close();
      onEnd();
    });
  }
  return () => source.close();
}
