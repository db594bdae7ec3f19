import { once } from 'node:events';
import { Agent, get, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Response } from 'express';
import { DrainingExpressAdapter } from '../../../src/http/index.js';

describe('DrainingExpressAdapter', () => {
  let adapter: DrainingExpressAdapter;
  let server: Server;
  let agent: Agent;
  let held: ((text: string) => void) | undefined;

  beforeEach(() => {
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(async () => {
    agent.destroy();
    adapter.hurry();
    await adapter.close();
  });

  const listen = async (lingers: boolean): Promise<void> => {
    adapter = new DrainingExpressAdapter(lingers);
    adapter.initHttpServer();
    adapter.get('/', (_request: unknown, response: Response) => response.end('here'));
    adapter.get('/held', (_request: unknown, response: Response) => {
      held = (answer) => response.end(answer);
    });
    server = adapter.getHttpServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  };
  const ask = async (path: string): Promise<string> => {
    const [response] = (await once(get({ host: '127.0.0.1', port: portOf(), path, agent }), 'response')) as [IncomingMessage];
    return text(response);
  };
  const portOf = (): number => (server.address() as AddressInfo).port;
  const untilDeaf = async (): Promise<void> => {
    while (server.listening) await new Promise((resolve) => setImmediate(resolve));
  };

  it('answers what comes on a kept connection while it closes, and ends with the last of them', async () => {
    await listen(true);
    server.keepAliveTimeout = 60_000;
    const port = portOf();
    const kept = connect(port, '127.0.0.1').setEncoding('utf8');
    kept.write('GET / HTTP/1.1\r\nHost: lomu\r\n\r\n');
    await once(kept, 'data');
    const closed = adapter.close();
    await untilDeaf();
    await expect(once(connect(port, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED');
    kept.write('GET / HTTP/1.1\r\nHost: lomu\r\nConnection: close\r\n\r\n');
    expect(await text(kept)).toMatch(/^HTTP\/1\.1 200 OK.*here$/s);
    await closed;
  });

  it('closes what rests at once when it is hurried, also in the middle', async () => {
    await listen(true);
    server.keepAliveTimeout = 60_000;
    await ask('/');
    const closed = adapter.close();
    await untilDeaf();
    adapter.hurry();
    await closed;
    expect(adapter.getHttpServer().listening).toBe(false);
  });

  it('is not held by a client that has connected and asks nothing', async () => {
    await listen(false);
    const silent = connect(portOf(), '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(server, 'connection')]);
    await Promise.all([once(silent, 'close'), adapter.close()]);
  });

  it('makes requests and responses that Express leaves as they are, for memory is counted per viewer', async () => {
    await listen(false);
    const made: object[] = [];
    server.prependListener('request', (request, response) => made.push(...[request, response].map((message: object) => Object.getPrototypeOf(message) as object)));
    let handled: object[] = [];
    adapter.get('/made', (request: object, response: Response) => {
      handled = [request, response].map((message) => Object.getPrototypeOf(message) as object);
      response.send('by Express');
    });
    expect(await ask('/made')).toBe('by Express');
    expect(handled.every((prototype, index) => prototype === made[index])).toBe(true);
    expect(made).toHaveLength(2);
  });

  it('waits for an answer that is under way', async () => {
    await listen(false);
    const answer = ask('/held');
    await once(server, 'request');
    const closed = adapter.close();
    await untilDeaf();
    held?.('done');
    expect(await answer).toBe('done');
    await closed;
  });
});
