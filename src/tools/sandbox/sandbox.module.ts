import { Module } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { createSandbox } from './create-sandbox.js';
import { SandboxLeftovers } from './sandbox-leftovers.js';
import { SANDBOX } from './sandbox.port.js';

@Module({
  providers: [
    SandboxLeftovers,
    { provide: SANDBOX, inject: [CONFIG, LIMITS_READER, CLOCK], useFactory: (config: Config, limits: Limits, clock: Clock) => createSandbox(config.sandbox, limits, clock) },
  ],
  exports: [SANDBOX, SandboxLeftovers],
})
export class SandboxModule {}
