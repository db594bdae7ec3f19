export { RedisModule } from './redis.module.js';
export { RedisScript } from './redis-script.js';
export { REDIS, type RedisServer, RedisUnusableError } from './redis-server.js';
