export { CONFIG, isLoopback, type Config } from './config.js';
export { ConfigModule } from './config.module.js';
export { VARIABLES, type VariableName } from './environment.js';
export { ConfigurationError, loadConfig, type LimitVariableCheck } from './load-config.js';
export { LOMU_VERSION } from './version.js';
