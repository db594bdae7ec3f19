// A server with the embedded database that uses itself, and says on its output what it has been told is written. Run with the loader of test/support.
import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { createApp } from '../../../src/bootstrap.js';
import { loadConfig } from '../../../src/config/index.js';
import { checkLimitVariables } from '../../../src/limits/index.js';
import { HttpClient } from '../../support/http-client.js';
import type { Acknowledged } from './acknowledged.js';

const GRANTERS = 2;
const CHATTERS = 3;

const app = await createApp(loadConfig(checkLimitVariables));
await app.listen(0, '127.0.0.1');
const client = new HttpClient(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
await Promise.all([...Array.from({ length: GRANTERS }, grantOnAndOn), ...Array.from({ length: CHATTERS }, chatOnAndOn)]);

async function grantOnAndOn(): Promise<never> {
  for (;;) {
    const { status, body } = await client.post('/api/billing/grants', { userId: 'local', credits: 1, reason: 'chaos' });
    if (status !== 201) throw new Error(`The grant was answered by ${status} ${JSON.stringify(body)}`);
    acknowledge({ kind: 'grant', id: body.id });
  }
}

async function chatOnAndOn(_: unknown, chatter: number): Promise<never> {
  for (let message = 1; ; message++) {
    const text = `hello, this is message ${message} of ${chatter}`;
    const { status, body } = await client.post('/api/chat/runs', { message: text });
    if (status !== 202) throw new Error(`The start was answered by ${status} ${JSON.stringify(body)}`);
    acknowledge({ kind: 'run', id: body.runId, text });
    const terminal = (await client.events(body.eventsUrl).toTerminal()).at(-1);
    acknowledge({ kind: 'answer', id: body.runId, text: terminal?.data.message.text });
  }
}

/** A pipe takes this before the call returns. */
function acknowledge(written: Acknowledged): void {
  process.stdout.write(`${JSON.stringify(written)}\n`);
}
