import { Global, Module } from '@nestjs/common';
import { CLOCK, DrainState, SystemClock } from './common/index.js';

/** What has no module of its own: the clock and the state of the shutdown. */
@Global()
@Module({
  providers: [{ provide: CLOCK, useClass: SystemClock }, DrainState],
  exports: [CLOCK, DrainState],
})
export class CoreModule {}
