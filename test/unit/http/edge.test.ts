import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, Headers, Module, Param, Post, Query, Res } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Response } from 'express';
import { z } from 'zod';
import { AppError } from '../../../src/common/index.js';
import { assignRequestId, createValidationPipe, type PageQuery, pageQuerySchema, ProblemFilter } from '../../../src/http/index.js';
import { type Answer, call, type Call } from '../../support/auth/call.js';

const MAX_BODY_BYTES = 1_000;
const thingSchema = z.strictObject({ name: z.string().max(10), tags: z.array(z.string()).default([]) });

@Controller('edge')
class EdgeController {
  @Post('things')
  create(@Body({ schema: thingSchema }) body: z.output<typeof thingSchema>): object {
    return body;
  }

  @Get('things')
  list(@Query({ schema: pageQuerySchema }) query: PageQuery): object {
    return query;
  }

  @Get('things/:id')
  read(@Param('id') id: string): object {
    return { id };
  }

  @Get('limited')
  limited(@Headers('x-retry-ms') retryMs: string): never {
    throw new AppError('limit_exceeded', 'Wait.', { retryAfterMs: Number(retryMs) });
  }

  @Get('broken')
  broken(): never {
    throw new Error('inside: /srv/lomu password=hunter2');
  }

  @Get('half')
  half(@Res() response: Response): never {
    response.write('half of an answer');
    throw new Error('too late for a status');
  }
}

@Module({ controllers: [EdgeController] })
class EdgeModule {}

describe('the edge', () => {
  let app: NestExpressApplication;
  let url: string;

  beforeAll(async () => {
    app = await NestFactory.create<NestExpressApplication>(EdgeModule, { logger: false, bodyParser: false });
    app.use(assignRequestId);
    app.useBodyParser('json', { limit: MAX_BODY_BYTES });
    app.useGlobalPipes(createValidationPipe());
    app.useGlobalFilters(new ProblemFilter());
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}/edge`;
  });

  afterAll(() => app.close());

  const post = (body: string | object, headers?: Call['headers']): Promise<Answer> => call(`${url}/things`, { method: 'POST', body, headers });

  it('passes on what is valid, with defaults filled in', async () => {
    expect((await post({ name: 'a' })).body).toEqual({ name: 'a', tags: [] });
    expect((await call(`${url}/things?limit=7`)).body).toEqual({ limit: 7 });
    expect((await call(`${url}/things`)).body).toEqual({ limit: 50 });
  });

  it.each<[string, number, string, () => Promise<Answer>]>([
    ['broken JSON', 400, 'malformed_json', () => post('{"name": ')],
    ['a bare value', 400, 'malformed_json', () => post('"text"')],
    ['an unknown character set', 400, 'malformed_request', () => post('{}', { 'content-type': 'application/json; charset=nonsense' })],
    ['an unknown encoding', 400, 'malformed_request', () => post('{}', { 'content-encoding': 'nonsense' })],
    ['a body that is too large', 413, 'payload_too_large', () => post({ name: 'x'.repeat(MAX_BODY_BYTES) })],
    ['no body', 422, 'validation_failed', () => call(`${url}/things`, { method: 'POST' })],
    ['another content type', 422, 'validation_failed', () => post('name=a', { 'content-type': 'application/x-www-form-urlencoded' })],
    ['an array for an object', 422, 'validation_failed', () => post('[]')],
    ['a path that is no UTF-8', 400, 'malformed_request', () => call(`${url}/things/%FF`)],
    ['an unknown route', 404, 'route_not_found', () => call(`${url}/nothing`)],
    ['another method', 404, 'route_not_found', () => call(`${url}/things`, { method: 'PATCH' })],
    ['a page size that is too large', 422, 'validation_failed', () => call(`${url}/things?limit=201`)],
    ['a page size that is no number', 422, 'validation_failed', () => call(`${url}/things?limit=many`)],
    ['a page size given twice', 422, 'validation_failed', () => call(`${url}/things?limit=1&limit=2`)],
    ['an unknown query parameter', 422, 'validation_failed', () => call(`${url}/things?offset=1`)],
    ['a bug', 500, 'internal_error', () => call(`${url}/broken`)],
  ])('answers %s with a problem', async (_what, status, code, send) => {
    const answer = await send();
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(answer.body).toMatchObject({ type: `urn:lomu:error:${code}`, status, code, title: expect.any(String), detail: expect.any(String), requestId: answer.headers['x-request-id'] });
    expect(answer.status).toBe(status);
    expect(answer.text).not.toMatch(/hunter2|node_modules|\bat \w+ \(/);
  });

  it('names every wrong field at once, and echoes no more than a little', async () => {
    const { body, text } = await post({ name: 'x'.repeat(20), tags: [1], ['y'.repeat(600)]: 1 });
    expect(body['errors']).toEqual([
      { field: 'name', message: expect.any(String) },
      { field: 'tags.0', message: expect.any(String) },
      { field: '', message: expect.stringContaining('yyy') },
    ]);
    expect(text.length).toBeLessThan(1_500);
  });

  it.each([
    ['1', '1'],
    ['1000', '1'],
    ['1001', '2'],
    ['0', '1'],
  ])('says Retry-After in whole seconds, never too early: %s ms', async (retryMs, seconds) => {
    const answer = await call(`${url}/limited`, { headers: { 'x-retry-ms': retryMs } });
    expect(answer.status).toBe(429);
    expect(answer.headers['retry-after']).toBe(seconds);
  });

  it('breaks the connection when an answer fails half-way', async () => {
    await expect(call(`${url}/half`)).rejects.toThrow();
  });

  it("keeps a caller's request id when it is well-formed", async () => {
    const idFor = async (given: string): Promise<unknown> => (await call(`${url}/things`, { headers: { 'x-request-id': given } })).headers['x-request-id'];
    expect(await idFor('trace-12345')).toBe('trace-12345');
    for (const bad of ['short', 'with blank and more', 'x'.repeat(129)]) expect(await idFor(bad)).toMatch(/^[\da-f-]{36}$/);
  });
});
