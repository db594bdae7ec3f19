import { Global, Inject, Module, type OnApplicationShutdown, Optional } from '@nestjs/common';
import { CONFIG, type Config } from '../config/index.js';
import { IoredisServer } from './ioredis.redis-server.js';
import { REDIS } from './redis-server.js';

/** Connects to the configured Redis before anything uses it, and closes it after everything else has ended. */
@Global()
@Module({
  providers: [
    {
      provide: REDIS,
      inject: [CONFIG],
      useFactory: ({ redis }: Config) => (redis ? IoredisServer.connect(redis.url, redis.keyPrefix) : undefined),
    },
  ],
  exports: [REDIS],
})
export class RedisModule implements OnApplicationShutdown {
  constructor(@Optional() @Inject(REDIS) private readonly server: IoredisServer | undefined) {}

  async onApplicationShutdown(): Promise<void> {
    await this.server?.close();
  }
}
