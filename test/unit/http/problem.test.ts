import { BadRequestException, ForbiddenException, HttpException, NotFoundException, ServiceUnavailableException, UnauthorizedException } from '@nestjs/common';
import { AppError, ERROR_CODES, type ErrorCode, type ErrorKind } from '../../../src/common/index.js';
import { Prisma } from '../../../src/database/index.js';
import { toProblem } from '../../../src/http/index.js';
import { toAppError } from '../../../src/http/to-app-error.js';

const STATUS: Record<ErrorKind, number> = {
  malformed: 400,
  unauthenticated: 401,
  payment_required: 402,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  invalid: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};
const request = { method: 'GET', path: '/somewhere' };

describe('toProblem', () => {
  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('gives %s the status of its kind and a stable type', (code) => {
    const problem = toProblem(new AppError(code, 'detail'), 'request-1');
    const { kind, title } = ERROR_CODES[code];
    expect(problem).toEqual({ type: `urn:lomu:error:${code}`, title, status: STATUS[kind], detail: 'detail', code, requestId: 'request-1' });
  });

  it('lets no extension stand for a member of its own', () => {
    const error = new AppError('run_not_found', 'detail', { extensions: { status: 200, code: 'fine', errors: [1] } });
    expect(toProblem(error, 'r')).toMatchObject({ status: 404, code: 'run_not_found', errors: [1] });
  });
});

describe('toAppError', () => {
  it.each<[string, unknown, ErrorCode]>([
    ['an unknown route', new NotFoundException(), 'route_not_found'],
    ['a guard of another module', new ForbiddenException(), 'forbidden'],
    ['no credential', new UnauthorizedException(), 'unauthenticated'],
    ['a body that is not JSON', new BadRequestException('x', { cause: { type: 'entity.parse.failed' } }), 'malformed_json'],
    ['a body that is too large', new HttpException('x', 413), 'payload_too_large'],
    ['another fault of the client', new HttpException('x', 415), 'malformed_request'],
    ['a fault of ours that Nest names', new ServiceUnavailableException(), 'internal_error'],
    ['a bug', new TypeError('x is not a function'), 'internal_error'],
    ['something that is no error', 'thrown text', 'internal_error'],
    ['nothing', undefined, 'internal_error'],
    ['a query that cannot be', prismaError('P2002'), 'internal_error'],
    ['a database that is away', prismaError('P1001'), 'database_unavailable'],
    ['a database that shuts down', prismaError('P2010', { driverAdapterError: { cause: { originalCode: '57P01' } } }), 'database_unavailable'],
    ['a broken connection', new Error('Connection terminated unexpectedly'), 'database_unavailable'],
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'database_unavailable'],
  ])('names %s', (_what, thrown, code) => {
    expect(toAppError(thrown, request).code).toBe(code);
  });

  it('shows nothing of the inside', () => {
    const error = toAppError(new Error('password=hunter2 at /srv/app.js'), request);
    expect(JSON.stringify(toProblem(error, 'r'))).not.toMatch(/hunter2|srv/);
  });
});

function prismaError(code: string, meta?: Record<string, unknown>): Error {
  return new Prisma.PrismaClientKnownRequestError('failed', { code, clientVersion: '7', meta });
}
