export { isLimitKey, LIMITS, limitVariableName, type LimitKey, type LimitValue, type LimitValues } from './limit-registry.js';
export type { LimitDefinition, LimitsProfile, LimitUnit } from './limit-definition.js';
export { LIMITS_READER, type AssignedArm, type Limits, type LimitsSnapshot, type LimitSubject } from './limits-snapshot.js';
export { checkLimitVariables } from './limit-variables.js';
export { LimitsRefresher } from './limits-refresher.js';
export { ExperimentExposures } from './experiments/experiment-exposures.js';
export { ExperimentReadouts, type StoppedExperiment } from './experiments/experiment-readouts.service.js';
export { LimitsModule } from './limits.module.js';
