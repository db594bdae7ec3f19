import { request } from 'node:http';

/** What the bodies of this API have in common; a test reads only what its answer holds. */
export interface AnswerBody {
  readonly [field: string]: unknown;
  readonly code?: string;
  readonly detail?: string;
  readonly id: string;
  readonly key: string;
  readonly items: readonly { readonly id: string }[];
  readonly nextCursor?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Empty when the answer is not JSON. */
  readonly body: AnswerBody;
}

export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | object;
}

/** One HTTP request with any header, also those that `fetch` forbids such as Host. */
export function call(url: string, { method = 'GET', headers = {}, body }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const payload = typeof body === 'object' ? JSON.stringify(body) : body;
    const type: Record<string, string> = payload === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload)) };
    const outgoing = request(url, { method, headers: { ...type, ...headers }, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, body: parse(text) }));
    });
    outgoing.on('error', reject).on('response', (incoming) => incoming.on('error', reject));
    outgoing.end(payload);
  });
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

function parse(text: string): AnswerBody {
  try {
    return JSON.parse(text) as AnswerBody;
  } catch {
    return {} as AnswerBody;
  }
}
