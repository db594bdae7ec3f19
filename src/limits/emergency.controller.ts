import { Body, Controller, Delete, Get, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../common/index.js';
import { AdminOnly, CurrentPrincipal, RequiresScope } from '../http/index.js';
import { DEFAULT_EMERGENCY_VALUES } from './emergency-profile.js';
import type { LimitPrimitive } from './limit-definition.js';
import { LimitsAdminService } from './limits-admin.service.js';
import { LimitsService } from './limits.service.js';
import { type LiftEmergency, liftEmergencyQuerySchema, liftEmergencySchema, type SetEmergency, setEmergencySchema } from './limits.schemas.js';

interface EmergencyState {
  readonly revision: number;
  /** The profile that is on, or null. */
  readonly emergency: {
    readonly values: Readonly<Record<string, unknown>>;
    readonly reason: string;
    readonly createdBy: string;
    readonly createdAt: string;
    readonly expiresAt: string | null;
  } | null;
  /** What is capped when a profile names no values. */
  readonly defaultValues: Readonly<Record<string, LimitPrimitive>>;
}

/** The button that caps the whole system at once. Registered before LimitsController, whose `:key` would match too. */
@ApiTags('limits')
@AdminOnly()
@RequiresScope('limits')
@Controller('api/limits/emergency')
export class EmergencyController {
  constructor(
    private readonly admin: LimitsAdminService,
    private readonly limits: LimitsService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The emergency profile, if it is on' })
  read(): EmergencyState {
    const { emergency, revision } = this.limits;
    return {
      revision,
      emergency: emergency && {
        values: Object.fromEntries(emergency.values),
        reason: emergency.reason,
        createdBy: emergency.createdBy,
        createdAt: emergency.createdAt.toISOString(),
        expiresAt: emergency.expiresAt?.toISOString() ?? null,
      },
      defaultValues: DEFAULT_EMERGENCY_VALUES,
    };
  }

  @Put()
  @ApiOperation({ summary: 'Cap the system at once, running runs included' })
  async set(@Body({ schema: setEmergencySchema }) body: SetEmergency, @CurrentPrincipal() principal: Principal): Promise<EmergencyState> {
    const revision = await this.admin.setEmergency(body, principal.userId);
    return { ...this.read(), revision };
  }

  @Delete()
  @ApiOperation({ summary: 'Lift the emergency profile' })
  async lift(
    @Body({ schema: liftEmergencySchema }) body: LiftEmergency | undefined,
    @Query({ schema: liftEmergencyQuerySchema }) query: LiftEmergency,
    @CurrentPrincipal() principal: Principal,
  ): Promise<EmergencyState> {
    const revision = await this.admin.liftEmergency({ ...query, ...body }, principal.userId);
    return { ...this.read(), revision };
  }
}
