import { Module } from '@nestjs/common';
import { RunMonitors } from './detectors/run-monitors.js';
import { FailureDetectionService } from './failure-detection.service.js';
import { FailuresController } from './incidents/failures.controller.js';
import { IncidentList } from './incidents/incident-list.js';
import { IncidentLog } from './incidents/incident-log.js';
import { PatternReporter } from './incidents/pattern-report.js';
import { RANDOM } from './recovery/random.js';

/** Names failures, decides about recovery, watches runs for loops, and keeps incidents. */
@Module({
  controllers: [FailuresController],
  providers: [FailureDetectionService, RunMonitors, IncidentLog, IncidentList, PatternReporter, { provide: RANDOM, useValue: Math.random }],
  exports: [FailureDetectionService, RunMonitors, IncidentLog, IncidentList],
})
export class FailureDetectionModule {}
