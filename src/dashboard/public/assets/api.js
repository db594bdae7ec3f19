// Calls of the API. A 401 asks for a key and tries again.
import { apiKey, askForKey } from './sign-in.js';

/** What went wrong, in words: the server's problem document. */
export class ApiProblem extends Error {
  constructor(problem, status) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.code = problem.code ?? 'unknown';
    this.status = status;
    /** `{field, message}` for each field at fault. */
    this.errors = problem.errors ?? [];
  }
}

export async function call(method, path, body, headers = {}) {
  const response = await send(method, path, body, headers);
  if (response.status === 401 && (await askForKey())) return call(method, path, body, headers);
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiProblem(answer, response.status);
  return answer;
}

/** All items of a list, page after page. */
export async function callForAll(path) {
  const all = [];
  let cursor = null;
  do {
    const { items, nextCursor } = await call('GET', withQuery(path, { limit: 200, cursor }));
    all.push(...items);
    cursor = nextCursor;
  } while (cursor);
  return all;
}

/** Leaves out what is empty. */
export function withQuery(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== '');
  const query = new URLSearchParams(given).toString();
  return query ? `${path}?${query}` : path;
}

/** An Idempotency-Key, so that what was sent twice is done once. (`crypto.randomUUID` is missing where the page came over plain HTTP.) */
export function newRequestKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((number) => number.toString(36)).join('-');
}

async function send(method, path, body, headers) {
  const key = apiKey();
  try {
    return await fetch(path, {
      method,
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...(key ? { authorization: `Bearer ${key}` } : {}), ...headers },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch {
    throw new ApiProblem({ code: 'unreachable', detail: 'The server cannot be reached. It may be restarting; try again.' }, 0);
  }
}
