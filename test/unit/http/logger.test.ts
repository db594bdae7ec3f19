import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import fc from 'fast-check';
import { AppError } from '../../../src/common/index.js';
import type { Config } from '../../../src/config/index.js';
import { createLogger } from '../../../src/http/index.js';

type Line = Record<string, unknown> & { error?: Record<string, unknown> };

/** A logger and the lines it wrote. */
function logInto(logLevel: Config['logLevel'] = 'trace') {
  const written: string[] = [];
  const logger = createLogger({ logLevel }, { write: (line) => void written.push(line) });
  return { logger, written, lines: () => written.map((line) => JSON.parse(line) as Line) };
}

describe('a log line', () => {
  it('is one JSON object with time, level, context and the fields of the call', () => {
    const { logger, written, lines } = logInto();
    logger.log({ message: 'run ended', runId: 'r1', requestId: 'q1', credits: 12n, durationMs: 5 }, 'Chat');
    expect(written).toHaveLength(1);
    expect(written[0]).toMatch(/^\{.*\}\n$/);
    expect(lines()[0]).toEqual({ level: 'info', time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/), pid: process.pid, context: 'Chat', runId: 'r1', requestId: 'q1', credits: '12', durationMs: 5, message: 'run ended' });
  });

  it('has Nest’s levels by their usual names', () => {
    const { logger, lines } = logInto();
    logger.fatal?.('a');
    logger.error('b');
    logger.warn('c');
    logger.log('d');
    logger.debug?.('e');
    logger.verbose?.('f');
    expect(lines().map(({ level, message }) => [level, message])).toEqual([['fatal', 'a'], ['error', 'b'], ['warn', 'c'], ['info', 'd'], ['debug', 'e'], ['trace', 'f']]);
  });

  it('is not written below the configured level, nor at all when silent', () => {
    const { logger, lines } = logInto('warn');
    logger.log('no');
    logger.debug?.('no');
    logger.warn('yes');
    expect(lines().map(({ message }) => message)).toEqual(['yes']);
    const silent = logInto('silent');
    silent.logger.fatal?.('no');
    expect(silent.written).toEqual([]);
  });

  it('keeps Nest’s story of its own boot out of info', () => {
    const { logger, lines } = logInto('info');
    logger.log('Mapped {/api/chat/runs, POST} route', 'RouterExplorer');
    logger.warn('something is odd', 'RouterExplorer');
    logger.log('kept', 'Chat');
    expect(lines().map(({ message }) => message)).toEqual(['something is odd', 'kept']);
  });

  it('comes out the same through Nest’s own Logger', () => {
    const { logger, lines } = logInto();
    Logger.overrideLogger(logger);
    try {
      new Logger('Billing').error(new Error('no price').message, new Error('no price').stack);
      new Logger('Billing').warn({ message: 'holds expired', count: 3 });
    } finally {
      Logger.overrideLogger(false);
    }
    expect(lines()[0]).toMatchObject({ level: 'error', context: 'Billing', message: 'no price', stack: expect.stringContaining('logger.test') });
    expect(lines()[1]).toMatchObject({ level: 'warn', context: 'Billing', message: 'holds expired', count: 3 });
  });
});

describe('an error in a log line', () => {
  it('carries its stack, its code and its cause', () => {
    const { logger, lines } = logInto();
    const cause = Object.assign(new Error('socket closed'), { code: 'ECONNRESET' });
    logger.error({ message: 'request failed', error: new AppError('database_unavailable', 'The database cannot be reached.', { cause }) });
    expect(lines()[0]?.error).toMatchObject({
      type: 'AppError',
      code: 'database_unavailable',
      message: 'The database cannot be reached.',
      stack: expect.stringContaining('logger.test'),
      cause: { type: 'Error', code: 'ECONNRESET', message: 'socket closed' },
    });
  });

  it('is understood when it is thrown at the logger as it is, whatever it is', () => {
    const { logger, lines } = logInto();
    logger.error(new Error('plain'));
    logger.error('text', undefined, 'Context');
    logger.error(undefined);
    logger.error(null);
    logger.error({ message: 'not an error', error: 'a string' });
    expect(lines().map(({ message }) => message)).toEqual(['plain', 'text', 'undefined', 'null', 'not an error']);
    expect(lines()[0]?.error).toMatchObject({ message: 'plain' });
  });
});

describe('secrets', () => {
  const secret = 'hunter2-hunter2-hunter2';

  it.each<[string, unknown]>([
    ['by field', { apiKey: secret }],
    ['by field, however written', { 'X-Goog-Api-Key': secret, API_KEY: secret, Authorization: secret, databaseUrl: secret }],
    ['deep inside', { request: { headers: [{ cookie: secret }] } }],
    ['in a bearer header quoted in a text', `refused: Authorization: Bearer ${secret}`],
    ['in a URL', `GET https://host/v1?key=${secret}&alt=sse failed`],
    ['in a stream ticket', `/api/chat/runs/1/events?after=3&ticket=${secret}`],
    ['in a connection string', `cannot reach postgres://lomu:${secret}@db:5432/lomu`],
    ['in an error', new Error(`401 for Bearer ${secret}`)],
    ['in the cause of an error', new Error('failed', { cause: new Error(`?api_key=${secret}`) })],
  ])('stay out: %s', (_, value) => {
    const { logger, written } = logInto();
    logger.error(typeof value === 'string' ? value : { message: 'failed', value });
    logger.error({ message: 'failed', value });
    expect(written).toHaveLength(2);
    expect(written.join('')).not.toContain(secret);
  });

  it('stay out when only their form gives them away', () => {
    const { logger, written } = logInto();
    const given = [`lomu_${'aB3-'.repeat(11)}`, `AIza${'x'.repeat(35)}`, 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln', 'sk-proj-0123456789abcdef'];
    for (const each of given) logger.warn(`rejected ${each} of a caller`);
    for (const each of given) expect(written.join('')).not.toContain(each);
    logger.warn('lomu_job_last_success_timestamp_seconds');
    expect(written.at(-1)).toContain('lomu_job_last_success_timestamp_seconds');
  });

  it('stay out wherever they stand in whatever is logged', () => {
    const { logger, written } = logInto();
    const place = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 8 },
        fc.constant({ authorization: secret }),
        fc.constant(`https://host/?token=${secret}`),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.string({ maxLength: 8 }), tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    fc.assert(
      fc.property(place, (value) => {
        logger.log({ message: 'seen', value });
        expect(written.pop()).not.toContain(secret);
      }),
    );
  });
});

describe('what people and models wrote', () => {
  it('stays out, while numbers of the same name stay', () => {
    const { logger, written, lines } = logInto();
    logger.log({ message: 'model call', prompt: 'my diary', content: ['my diary'], output: 'my diary', arguments: { path: 'my diary' }, contents: [{ text: 'my diary' }], input: 120, tokens: { input: 120, output: 7 } });
    expect(written.join('')).not.toContain('diary');
    expect(lines()[0]).toMatchObject({ input: 120, tokens: { input: 120, output: 7 } });
  });
});

describe('what is large or endless', () => {
  it('is cut to a bounded line', () => {
    const { logger, written } = logInto();
    const circle: Record<string, unknown> = { name: 'circle' };
    circle.self = circle;
    logger.log({ message: 'big', long: 'x'.repeat(1_000_000), many: Array.from({ length: 100_000 }, (_, index) => index), circle });
    expect(written[0]?.length).toBeLessThan(20_000);
  });
});
