export { FailureDetectionModule } from './failure-detection.module.js';
export { FailureDetectionService } from './failure-detection.service.js';
export type { FailureSignal, FailureSource } from './failure-signal.js';
export type { DetectedFailure, FailureSignalSummary } from './detected-failure.js';
export { type FailureCategory, type FailurePattern, type FailureSeverity, TEXT_ONLY } from './patterns/failure-pattern.js';
export { FAILURE_PATTERNS, type FailurePatternKey, isFailurePatternKey } from './patterns/failure-patterns.js';
export type {
  ContinueDecision,
  RecoveryDecision,
  RecoveryHistory,
  RecoveryLimits,
  RecoveryStrategy,
  Restriction,
  RetryDecision,
  StopDecision,
} from './recovery/recovery-decision.js';
export { recoveryLimitsOf } from './recovery/recovery-limits.js';
export { RANDOM, type Random } from './recovery/random.js';
export { type CallVerdict, type DetectorFinding, RunMonitor } from './detectors/run-monitor.js';
export { type MonitoredRun, RunMonitors } from './detectors/run-monitors.js';
export type { ChantingWatch } from './detectors/chanting-watch.js';
export type { DetectorName, Rung } from './detectors/detector.js';
export type { ChangedFile, ObservedCall, ObservedStep, PlannedCall } from './detectors/observed-step.js';
export { IncidentList, type IncidentView } from './incidents/incident-list.js';
export { type FinalOutcome, type IncidentOutcome, IncidentLog, type NewIncident } from './incidents/incident-log.js';
