import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Server as TcpServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';
import { messagesOf } from './express-messages.js';

/** Longer than a kept connection may rest, which is 5 s by default of Node: each ends by its own time or with one last answer. */
const LINGER_MS = 6_500;
/** For answers that are still on their way after that, to whoever takes them slowly. */
const LAST_ANSWERS_MS = 5_000;

const closingLogger = new Logger('DrainingExpressAdapter');

/**
 * Express that stops without breaking a connection on which a request may be on its way. `http.Server.close` ends kept
 * connections at once, of which a proxy may just have chosen one for its next POST; and it waits without end for a
 * client that has connected and asks nothing, as browsers do in advance.
 */
export class DrainingExpressAdapter extends ExpressAdapter {
  private readonly hurried = new AbortController();
  private openAnswers = 0;
  private onLastAnswer: (() => void) | undefined;

  /** @param lingers whether clients may come to the end of connections that they keep: with a proxy in front, not while a person waits */
  constructor(private readonly lingers: boolean) {
    super();
    if (!lingers) this.hurry();
    const onClose = (): void => this.onAnswered(); // one for all: thousands of responses wait as event streams
    this.use((_request: unknown, response: Response, next: () => void) => {
      this.openAnswers++;
      response.on('close', onClose);
      next();
    });
  }

  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    this.httpServer = createServer(messagesOf(express), express);
  }

  /** Connections that rest are closed at once, also by a close that has begun. */
  hurry(): void {
    this.hurried.abort();
  }

  override async close(): Promise<void> {
    const server = this.getHttpServer() as Server | undefined;
    if (!server?.listening) return;
    const closed = once(server, 'close').then(() => undefined);
    if (this.lingers) await takeOverBacklog();
    TcpServer.prototype.close.call(server); // ends listening and nothing else
    await this.within(LINGER_MS, closed, this.hurried.signal);
    server.close(); // for its timers and the connections that rest
    await this.within(LAST_ANSWERS_MS, this.answered());
    if (this.openAnswers > 0) closingLogger.warn({ message: 'answers are cut off by the shutdown', count: this.openAnswers });
    server.closeAllConnections();
    await closed;
  }

  private async answered(): Promise<void> {
    if (this.openAnswers > 0) await new Promise<void>((resolve) => (this.onLastAnswer = resolve));
  }

  private onAnswered(): void {
    if (--this.openAnswers === 0) this.onLastAnswer?.();
  }

  /** Resolves when what is awaited has come, or without it. */
  private async within(timeoutMs: number, awaited: Promise<unknown>, hurried?: AbortSignal): Promise<void> {
    const waiting = new AbortController();
    const signal = hurried ? AbortSignal.any([waiting.signal, hurried]) : waiting.signal;
    await Promise.race([awaited, sleep(timeoutMs, undefined, { signal }).catch(() => undefined)]);
    waiting.abort();
  }
}

/** Connections that the system has accepted so far come to the server: closing would break those it has not seen. */
async function takeOverBacklog(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
