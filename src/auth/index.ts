export { AuthModule } from './auth.module.js';
export { Accounts } from './accounts.js';
export { ControlToken } from './control-token.js';
export { StreamTickets } from './stream-tickets.js';
export { runAccessCommand, type AccessCommandOutput } from './shell/access-command.js';
