import { Injectable } from '@nestjs/common';
import { PrismaService } from '../database/index.js';
import type { LimitExplanation } from './explain-limit.js';
import type { LimitPrimitive, LimitUnit } from './limit-definition.js';
import { LIMITS, limitVariableName } from './limit-registry.js';
import { LimitsService } from './limits.service.js';
import type { EffectiveQuery } from './limits.schemas.js';
import type { AssignedArm, LimitSubject } from './limits-snapshot.js';
import type { LimitSource } from './resolve-limit.js';

/** One limit of the registry with its value for everybody. */
export interface LimitItem {
  readonly key: string;
  readonly value: LimitPrimitive;
  readonly default: LimitPrimitive;
  readonly source: LimitSource;
  readonly unit: LimitUnit;
  readonly min: number | null;
  readonly max: number | null;
  readonly description: string;
  /** The environment variable that sets it. */
  readonly env: string;
  readonly mutable: boolean;
}

export interface LimitList {
  readonly revision: number;
  /** Since when an emergency profile caps the system, and until when; null while none does. */
  readonly emergency: { readonly since: string; readonly expiresAt: string | null } | null;
  readonly items: readonly LimitItem[];
}

export interface EffectiveLimits {
  readonly revision: number;
  readonly subject: Partial<LimitSubject>;
  readonly arms: readonly AssignedArm[];
  readonly items: readonly LimitExplanation[];
}

/** What the limits are, for people. */
@Injectable()
export class LimitsCatalogueService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly limits: LimitsService,
  ) {}

  list(): LimitList {
    const { emergency, revision } = this.limits;
    return {
      revision,
      emergency: emergency && { since: emergency.createdAt.toISOString(), expiresAt: emergency.expiresAt?.toISOString() ?? null },
      items: this.limits.explain({}).limits.map(toItem),
    };
  }

  /** Every limit for a subject, with what each layer says. The plan is the user's own unless given. */
  async effective(query: EffectiveQuery): Promise<EffectiveLimits> {
    const plan = query.plan ?? (query.userId === undefined ? undefined : await this.planOf(query.userId));
    const subject = { ...query, plan };
    const { arms, limits } = this.limits.explain(subject);
    return { revision: this.limits.revision, subject, arms: arms.map(({ experimentId, arm }) => ({ experimentId, arm: arm.name })), items: limits };
  }

  private async planOf(userId: string): Promise<string | undefined> {
    return (await this.prisma.account.findUnique({ where: { id: userId } }))?.plan;
  }
}

function toItem({ key, value, source }: LimitExplanation): LimitItem {
  const { default: defaultValue, unit, min, max, description, mutable } = LIMITS[key];
  return { key, value, default: defaultValue, source, unit, min, max, description, env: limitVariableName(key), mutable };
}
