import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from './auth/index.js';
import { BillingModule } from './billing/index.js';
import { ChatModule } from './chat/index.js';
import { type Config, ConfigModule } from './config/index.js';
import { CoreModule } from './core.module.js';
import { DashboardModule } from './dashboard/index.js';
import { type DatabaseConnection, DatabaseModule } from './database/index.js';
import { FailureDetectionModule } from './failure-detection/index.js';
import { GatewaysModule } from './gateways/index.js';
import { HealthModule } from './health/index.js';
import { LimitsModule } from './limits/index.js';
import { MaintenanceModule } from './maintenance/index.js';
import { MetricsModule } from './metrics/index.js';
import { ModelsModule } from './models/index.js';
import { RedisModule } from './redis/index.js';
import { StreamingModule } from './streaming/index.js';
import { ToolsModule } from './tools/index.js';
import { TracingModule } from './tracing/index.js';

@Module({})
export class AppModule {
  /** @param connection an open database to use instead of the configured one */
  static forRoot(config: Config, connection?: DatabaseConnection): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        CoreModule,
        DatabaseModule.forRoot(connection),
        RedisModule,
        LimitsModule,
        MetricsModule,
        TracingModule,
        AuthModule,
        ModelsModule,
        StreamingModule,
        BillingModule,
        ToolsModule,
        FailureDetectionModule,
        ChatModule,
        GatewaysModule,
        HealthModule,
        MaintenanceModule,
        DashboardModule,
      ],
    };
  }
}
