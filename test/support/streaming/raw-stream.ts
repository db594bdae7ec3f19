import { once } from 'node:events';
import { type Agent, get, type IncomingMessage } from 'node:http';

export interface RawFrame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
  readonly retry?: string;
}

export interface RawStreamOptions {
  readonly lastEventId?: string;
  readonly after?: number | string;
  readonly user?: string;
  readonly path?: string;
  /** Default: a connection for this stream alone. */
  readonly agent?: Agent;
}

/** An event stream as bytes, read by a client that knows HTTP and nothing more. */
export class RawStream {
  private readonly chunks: Buffer[] = [];
  private readonly closed: Promise<void>;
  private onBytes: (() => void) | undefined;
  /** The connection broke off instead of ending. */
  wasCut = false;

  private constructor(readonly response: IncomingMessage) {
    response.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.onBytes?.();
    });
    response.on('error', () => (this.wasCut = true));
    this.closed = new Promise<void>((resolve) => response.once('close', resolve)).then(() => this.onBytes?.());
  }

  static async open(port: number, runId: string, options: RawStreamOptions = {}): Promise<RawStream> {
    const query = options.after === undefined ? '' : `?after=${options.after}`;
    const headers = {
      ...(options.lastEventId === undefined ? {} : { 'Last-Event-ID': options.lastEventId }),
      ...(options.user === undefined ? {} : { 'X-User': options.user }),
    };
    const request = get({ host: '127.0.0.1', port, path: options.path ?? `/api/chat/runs/${runId}/events${query}`, headers, agent: options.agent ?? false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new RawStream(response);
  }

  get status(): number | undefined {
    return this.response.statusCode;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** Complete frames that carry something besides comments. */
  get frames(): RawFrame[] {
    return parseFrames(this.text);
  }

  /** The body of an answer that is no stream. */
  async problem(): Promise<{ code: string; detail: string; status: number; [member: string]: unknown }> {
    await this.ended();
    return JSON.parse(this.text);
  }

  async until(condition: (stream: RawStream) => boolean, timeoutMs = 5_000): Promise<this> {
    const deadline = Date.now() + timeoutMs;
    while (!condition(this)) {
      if (Date.now() > deadline || this.response.closed) throw new Error(`The stream never got there. It has: ${this.text.slice(-500)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.onBytes = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this;
  }

  async ended(): Promise<this> {
    await this.closed;
    return this;
  }

  disconnect(): void {
    this.response.destroy();
  }
}

/** Frames that are complete: an unterminated last one is dropped, as the standard demands. */
export function parseFrames(text: string): RawFrame[] {
  return text
    .slice(0, text.lastIndexOf('\n\n') + 2)
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const fields: Record<string, string> = {};
      for (const line of lines) {
        const [name = '', ...rest] = line.split(': ');
        fields[name] = name in fields ? `${fields[name]}\n${rest.join(': ')}` : rest.join(': ');
      }
      return fields;
    });
}
