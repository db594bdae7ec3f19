// How earlier answers came about: tool calls, notices and cost are read from their runs once they come into view, one after the other.
import { followRun } from './run-stream.js';

/**
 * @param change `(work)` runs work that changes what is shown
 * @returns `watch(view, runId)` and `close()`
 */
export function recallRuns(change) {
  const runs = new Map();
  const waiting = [];
  let unfollow = null;

  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      waiting.push(runs.get(target));
    }
    if (!unfollow) readNext();
  });

  function readNext() {
    unfollow = null;
    const next = waiting.shift();
    if (!next) return;
    const events = [];
    unfollow = followRun(`/api/chat/runs/${next.runId}/events`, {
      onEvent: (...event) => events.push(event),
      onEnd: () => {
        change(() => {
          next.view.clear();
          for (const [type, data] of events) next.view.show(type, data);
        });
        readNext();
      },
      onState: (state) => {
        if (state === 'lost') readNext(); // the text is there all the same
      },
    });
  }

  return {
    watch: (view, runId) => {
      runs.set(view.node, { view, runId });
      observer.observe(view.node);
    },
    close: () => {
      observer.disconnect();
      unfollow?.();
    },
  };
}
