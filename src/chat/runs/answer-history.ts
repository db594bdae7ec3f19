import { Injectable } from '@nestjs/common';
import { PrismaService } from '../../database/index.js';
import type { ModelAnswer } from '../../models/index.js';
import type { RunRow } from './run-row.js';

/** The answer of a run as far as its steps are kept: what a client sees when the events themselves are gone. */
@Injectable()
export class AnswerHistory {
  constructor(private readonly prisma: PrismaService) {}

  /** As of a row of the run: a step that was saved since is not in it. */
  async textOf({ id: runId, iterations }: Pick<RunRow, 'id' | 'iterations'>): Promise<string> {
    const steps = await this.prisma.step.findMany({ where: { runId, iteration: { lte: iterations } }, orderBy: [{ iteration: 'asc' }, { attempt: 'asc' }], select: { content: true } });
    return steps
      .map((step) => (step.content as unknown as ModelAnswer).text)
      .filter((text) => text !== '')
      .join('\n\n');
  }
}
