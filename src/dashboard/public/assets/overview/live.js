// Follows a stream of live figures. Read with fetch, because an EventSource cannot send the API key.
import { ApiProblem } from '../api.js';
import { apiKey, askForKey } from '../sign-in.js';

const RETRY_MS = 3_000;

/** @returns a function that stops following */
export function followLive(path, { onFigures, onFault }) {
  const stop = new AbortController();
  let since = null;
  void follow();
  return () => stop.abort();

  async function follow() {
    while (!stop.signal.aborted) {
      try {
        await read(path, stop.signal, handle);
      } catch (error) {
        if (stop.signal.aborted) return;
        if (error.status === 401 && (await askForKey())) continue;
        onFault(error instanceof ApiProblem ? error.message : 'The server cannot be reached. Trying again.', since);
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  function handle(type, data) {
    if (stop.signal.aborted) return;
    if (type === 'problem') return onFault(data.detail, since);
    since = new Date(data.at);
    onFigures(data);
  }
}

async function read(path, signal, handle) {
  const key = apiKey();
  const response = await fetch(path, { signal, headers: { accept: 'text/event-stream', ...(key ? { authorization: `Bearer ${key}` } : {}) } });
  if (!response.ok) throw new ApiProblem(await response.json().catch(() => ({})), response.status);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const frames = (pending + value).split('\n\n');
    pending = frames.pop();
    for (const frame of frames) {
      const fields = Object.fromEntries(frame.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      if (fields.data) handle(fields.event, JSON.parse(fields.data));
    }
  }
}
