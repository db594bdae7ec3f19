import { Global, Module } from '@nestjs/common';
import { EmergencyController } from './emergency.controller.js';
import { ArmStatisticsReader } from './experiments/arm-statistics.js';
import { ExperimentExposures } from './experiments/experiment-exposures.js';
import { ExperimentReadouts } from './experiments/experiment-readouts.service.js';
import { ExperimentsController } from './experiments/experiments.controller.js';
import { ExperimentsService } from './experiments/experiments.service.js';
import { LimitsAdminService } from './limits-admin.service.js';
import { LimitsCatalogueService } from './limits-catalogue.service.js';
import { LimitsController } from './limits.controller.js';
import { LimitsHistoryService } from './limits-history.service.js';
import { LimitsRefresher } from './limits-refresher.js';
import { type Limits, LIMITS_READER } from './limits-snapshot.js';
import { LimitsStore } from './limits-store.js';
import { LimitsService } from './limits.service.js';

/** Global because every bound of the system is read through it. */
@Global()
@Module({
  controllers: [EmergencyController, LimitsController, ExperimentsController],
  providers: [
    LimitsService,
    LimitsStore,
    LimitsRefresher,
    LimitsAdminService,
    LimitsCatalogueService,
    LimitsHistoryService,
    ExperimentsService,
    ExperimentExposures,
    ExperimentReadouts,
    ArmStatisticsReader,
    {
      provide: LIMITS_READER,
      inject: [LimitsService, LimitsRefresher],
      // Whoever reads limits gets them loaded, at whatever moment of the boot it reads first.
      useFactory: async (limits: LimitsService, refresher: LimitsRefresher): Promise<Limits> => {
        await refresher.start();
        return limits;
      },
    },
  ],
  exports: [LIMITS_READER, LimitsRefresher, ExperimentExposures, ExperimentReadouts],
})
export class LimitsModule {}
