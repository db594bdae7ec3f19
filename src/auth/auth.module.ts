import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CLOCK, type Clock } from '../common/index.js';
import { CONFIG, type Config } from '../config/index.js';
import { PrismaService } from '../database/index.js';
import { LIMITS_READER, type Limits } from '../limits/index.js';
import { AccessController } from './access.controller.js';
import { AccessGuard } from './access.guard.js';
import { Accounts } from './accounts.js';
import { ApiKeyAuthenticator } from './api-key.authenticator.js';
import { ApiKeys } from './api-keys.js';
import { AUTHENTICATOR, type Authenticator } from './authenticator.port.js';
import { BearerAuthenticator } from './bearer.authenticator.js';
import { ControlToken } from './control-token.js';
import { loadDeploymentSecret } from './deployment-secret.js';
import { JwtAuthenticator } from './jwt.authenticator.js';
import { KeyUseRecorder } from './key-use-recorder.js';
import { LocalAdmin } from './local-admin.js';
import { SingleUserAuthenticator } from './single-user.authenticator.js';
import { StreamTickets } from './stream-tickets.js';

/** Who may call what: one guard before every route of the application that imports this module. */
@Global()
@Module({
  controllers: [AccessController],
  providers: [
    { provide: APP_GUARD, useClass: AccessGuard },
    {
      provide: AUTHENTICATOR,
      inject: [CONFIG, ApiKeyAuthenticator, ControlToken, LocalAdmin, Accounts, CLOCK],
      useFactory: authenticatorFor,
    },
    {
      provide: StreamTickets,
      inject: [PrismaService, LIMITS_READER, CLOCK],
      useFactory: async (prisma: PrismaService, limits: Limits, clock: Clock) => new StreamTickets(await loadDeploymentSecret(prisma), limits, clock),
    },
    Accounts,
    ApiKeyAuthenticator,
    ApiKeys,
    ControlToken,
    KeyUseRecorder,
    LocalAdmin,
  ],
  exports: [Accounts, ControlToken, StreamTickets],
})
export class AuthModule {}

function authenticatorFor(
  config: Config,
  apiKeys: ApiKeyAuthenticator,
  controlToken: ControlToken,
  localAdmin: LocalAdmin,
  accounts: Accounts,
  clock: Clock,
): Authenticator {
  switch (config.auth.mode) {
    case 'single-user':
      return new SingleUserAuthenticator(localAdmin);
    case 'api-key':
      return new BearerAuthenticator(apiKeys, undefined, controlToken, localAdmin);
    case 'jwt':
      return new BearerAuthenticator(apiKeys, new JwtAuthenticator(config.auth, accounts, clock), controlToken, localAdmin);
  }
}
