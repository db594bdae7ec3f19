import type { Redis } from 'ioredis';

/** The Redis that the instances of a deployment share. */
export interface RedisServer {
  /**
   * The connection for short commands. They fail at once while the server is away, and after a few seconds
   * when it does not answer: whoever sends one decides what its loss means.
   */
  readonly commands: Redis;
  /**
   * A connection of its own, for what keeps one busy: blocking reads, subscriptions, a queue's workers.
   * Commands on it wait for the server as long as it takes; subscriptions have to be made again at each `ready`, where
   * their failure can be handled. Closed with the application, last of all.
   * @param purpose shown by `CLIENT LIST`
   */
  connect(purpose: string): Redis;
  /** First part of every key and channel, in case the server has other tenants. A queue takes it as its own prefix. */
  readonly keyPrefix: string;
  /** `lomu:run:42` for `('run', '42')`. */
  key(...parts: readonly string[]): string;
}

/** Injects `RedisServer`, or undefined when `REDIS_URL` is unset: then this instance is the only one. */
export const REDIS = Symbol('RedisServer');

/** Redis cannot be used; the message says what to do about it. Ends the boot. */
export class RedisUnusableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RedisUnusableError';
  }
}
