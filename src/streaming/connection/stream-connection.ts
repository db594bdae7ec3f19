import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Below the usual idle limits of NATs and load balancers, and independent of heartbeats, which need a working event loop. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** What can be asked to end in good order. */
export interface EndableStream {
  requestEnd(): void;
}

/** The far end of one event stream: whether it takes what it is given, and how to be rid of it. */
export class StreamConnection {
  private readonly socket: Socket | null;
  private stream: EndableStream | undefined;
  private isEndRequested = false;

  constructor(private readonly response: ServerResponse) {
    this.socket = response.socket; // the response lets go of it when it finishes
  }

  get isClosed(): boolean {
    return this.response.destroyed || this.response.closed;
  }

  /** Whether what was written fills the buffers between here and the client. */
  get isBackedUp(): boolean {
    return this.socket?.writableNeedDrain ?? false; // the response's own answer is the same, but Express has made it slow to ask
  }

  onClose(callback: () => void): void {
    this.response.on('close', callback);
  }

  keepAlive(): void {
    this.socket?.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  }

  /** Calls back on a later turn of the event loop, once everything written so far has left. Not at all when the connection closes first. */
  whenDrained(callback: () => void): void {
    // A turn later, when what was gathered has been written.
    setImmediate(() => {
      if (this.isClosed) return;
      if (this.isBackedUp) this.response.once('drain', () => this.whenDrained(callback));
      else callback();
    });
  }

  /** What is written in this turn of the event loop leaves in one system call. */
  gatherWrites(): void {
    const { socket } = this;
    if (!socket) return;
    socket.cork();
    setImmediate(() => socket.uncork());
  }

  /** Says what runs on this connection. It is asked to end at once when that was requested before. */
  attach(stream: EndableStream): void {
    this.stream = stream;
    if (this.isEndRequested) stream.requestEnd();
  }

  requestEnd(): void {
    this.isEndRequested = true;
    this.stream?.requestEnd();
  }

  destroy(): void {
    this.response.destroy();
  }
}
