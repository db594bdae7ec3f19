import express, { type RequestHandler } from 'express';
import request from 'supertest';
import { assignRequestId, type HttpExchange, observeExchanges } from '../../../src/http/index.js';
import { FakeClock } from '../../support/fake-clock.js';

/** A server with one route of each kind, and what was observed of it. */
function serve() {
  const seen: HttpExchange[] = [];
  const clock = new FakeClock();
  const after = (durationMs: number, answer: RequestHandler): RequestHandler => (...parameters) => void clock.advance(durationMs).then(() => answer(...parameters));
  const server = express();
  server.use(assignRequestId, observeExchanges(clock, [(exchange) => seen.push(exchange)]));
  server.get('/things/:id', after(30, (_, response) => void response.json({ ok: true })));
  server.get('/explicit', (_, response) => void response.writeHead(201, { 'x-own': 'yes' }).end('made'));
  server.get('/stream', after(20, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': here\n\n');
    void clock.advance(60_000).then(() => response.end());
  }));
  server.get('/never', () => undefined);
  return { server, seen };
}

it('tells of each exchange once, by the pattern of its route', async () => {
  const { server, seen } = serve();
  await request(server).get('/things/42?key=secret').set('x-request-id', 'request-0001').expect(200);
  expect(seen).toEqual([{ requestId: 'request-0001', method: 'GET', route: '/things/:id', status: 200, durationMs: 30 }]);
});

it('changes nothing about the answer', async () => {
  const { server, seen } = serve();
  const answer = await request(server).get('/explicit').expect(201);
  expect([answer.text, answer.headers['x-own']]).toEqual(['made', 'yes']);
  expect(seen).toMatchObject([{ status: 201 }]);
});

it('knows no route where none matched', async () => {
  const { server, seen } = serve();
  await request(server).get('/nothing/here').expect(404);
  expect(seen).toMatchObject([{ route: null, status: 404 }]);
});

it('counts a stream until its headers, not until its end', async () => {
  const { server, seen } = serve();
  await request(server).get('/stream').expect(200);
  expect(seen).toMatchObject([{ route: '/stream', durationMs: 20 }]);
});

it('tells of a client that left before the answer as 499', async () => {
  const { server, seen } = serve();
  await expect(request(server).get('/never').timeout(50)).rejects.toThrow();
  for (let wait = 0; wait < 50 && seen.length === 0; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(seen).toMatchObject([{ route: '/never', status: 499 }]);
});
