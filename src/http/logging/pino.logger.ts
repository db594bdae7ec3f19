import { pid } from 'node:process';
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger as Pino, pino } from 'pino';
import type { Config } from '../../config/index.js';
import { redactFields, redactText } from './redaction.js';

/**
 * One JSON object per line: `time`, `level`, `context`, `message` and the fields of the call. Nest's
 * own `Logger` writes through it everywhere once bootstrap has called `app.useLogger`.
 * @param destination standard output unless given
 */
export function createLogger(config: Pick<Config, 'logLevel'>, destination?: DestinationStream): LoggerService {
  const options = {
    level: config.logLevel,
    base: { pid },
    messageKey: 'message',
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return new PinoLogger(destination ? pino(options, destination) : pino(options));
}

/** Nest tells of each module and route at every boot, which is for those who look for a fault in the wiring. */
const BOOT_CONTEXTS: ReadonlySet<unknown> = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

type Level = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

class PinoLogger implements LoggerService {
  constructor(private readonly pino: Pino) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('info', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  /** Nest passes the context as the last argument, and a stack before it for errors. */
  private write(asked: Level, message: unknown, rest: readonly unknown[]): void {
    const last = rest.at(-1);
    const context = typeof last === 'string' && !looksLikeStack(last) ? last : undefined;
    const level = asked === 'info' && BOOT_CONTEXTS.has(context) ? 'debug' : asked;
    if (!this.pino.isLevelEnabled(level)) return;
    const { text, fields } = describe(message);
    const further = (context === undefined ? rest : rest.slice(0, -1)).map((item) => (looksLikeStack(item) ? { stack: item } : describe(item).fields));
    this.pino[level](redactFields(Object.assign({ context }, ...further, fields) as Record<string, unknown>), redactText(text));
  }
}

function describe(message: unknown): { text: string; fields: Record<string, unknown> } {
  if (message instanceof Error) return { text: message.message, fields: { error: message } };
  if (typeof message !== 'object' || message === null) return { text: String(message), fields: {} };
  const { message: text, ...fields } = message as { message?: unknown } & Record<string, unknown>;
  return { text: typeof text === 'string' ? text : '', fields };
}

function looksLikeStack(value: unknown): boolean {
  return typeof value === 'string' && /\n\s+at /.test(value);
}
