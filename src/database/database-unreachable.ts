import { Prisma } from './generated/client.js';

/** P1001 and P1002 cannot reach, P1008 timeout, P1017 closed, P2024 pool timeout, P2037 too many connections. */
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2037']);
/** Connection exceptions, the server shutting down or starting up, too many connections, a statement that took too long, a transaction that was left alone. */
const SQL_STATE = /^(08|57P0|53300|57014|25P03)/;
/** Of the connection; Prisma passes them on. */
const SOCKET_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);
/** Prisma's adapter, for raw queries, whose code is the same whatever went wrong. */
const ADAPTER_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);
/** What the driver and Prisma say where they give no code. */
const MESSAGE = /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout)/;

/** A transaction that found no connection, or waited too long for a lock, and was rolled back. */
const TRANSACTION_OVERDUE = /Unable to start a transaction|cannot be executed on an expired transaction/;

/** Whether a failed query says nothing about the query: the database was away, or too busy. */
export function isDatabaseUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const { kind = '', originalCode = '' } = adapterCauseOf(error);
    if (error.code === 'P2028') return TRANSACTION_OVERDUE.test(error.message);
    return PRISMA_CODES.has(error.code) || SOCKET_CODES.has(error.code) || ADAPTER_KINDS.has(kind) || SQL_STATE.test(originalCode) || MESSAGE.test(error.message);
  }
  const { code } = error as NodeJS.ErrnoException;
  return (code !== undefined && (SOCKET_CODES.has(code) || SQL_STATE.test(code))) || MESSAGE.test(error.message);
}

interface AdapterCause {
  readonly kind?: string;
  readonly originalCode?: string;
}

function adapterCauseOf(error: Prisma.PrismaClientKnownRequestError): AdapterCause {
  const { driverAdapterError } = (error.meta ?? {}) as { driverAdapterError?: { cause?: AdapterCause } };
  return driverAdapterError?.cause ?? {};
}
