import { readFileSync } from 'node:fs';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { AppError, isId } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { ToolPolicy, type ToolPolicyRule, toolPolicyRuleSchema } from './tool-policy.js';

const rulesSchema = z.array(toolPolicyRuleSchema);

/** What the server and each project say about tool calls. */
@Injectable()
export class ToolPolicies {
  private readonly operatorRules: readonly ToolPolicyRule[];

  constructor(
    private readonly prisma: PrismaService,
    @Inject(CONFIG) config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {
    this.operatorRules = config.toolPolicyFile ? readRules(config.toolPolicyFile) : [];
  }

  /** Of a project's row. Rules that are no longer understood refuse everything rather than nothing. */
  of(project: { readonly toolPolicy?: unknown }): ToolPolicy {
    const { success, data } = rulesSchema.safeParse(project.toolPolicy ?? []);
    return new ToolPolicy(this.operatorRules, success ? data : [{ tool: '*', decision: 'deny' }]);
  }

  /** @throws AppError `project_not_found` */
  async read(userId: string, projectId: string): Promise<readonly ToolPolicyRule[]> {
    const project = isId(projectId) ? await this.prisma.project.findFirst({ where: { id: projectId, userId }, select: { toolPolicy: true } }) : null;
    if (!project) throw new AppError('project_not_found', `There is no project ${projectId}.`);
    return rulesSchema.parse(project.toolPolicy);
  }

  /** Takes effect with the next run, and with one that is resumed. @throws AppError `project_not_found`, `limit_exceeded` */
  async replace(userId: string, projectId: string, rules: readonly ToolPolicyRule[]): Promise<void> {
    const most = this.limits.value('approval.maxRules');
    if (rules.length > most) throw new AppError('limit_exceeded', `A tool policy has at most ${most} rules; these are ${rules.length}.`);
    const { count } = isId(projectId) ? await this.prisma.project.updateMany({ where: { id: projectId, userId }, data: { toolPolicy: [...rules] } }) : { count: 0 };
    if (count === 0) throw new AppError('project_not_found', `There is no project ${projectId}.`);
  }
}

/** A policy that cannot be read stops the boot: going on without it would allow what it forbids. */
function readRules(file: string): readonly ToolPolicyRule[] {
  try {
    return rulesSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new Error(`TOOL_POLICY: ${file} is not a list of rules {tool, input?, decision}: ${reason}`, { cause: error });
  }
}
