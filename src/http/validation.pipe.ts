import { StandardSchemaValidationPipe } from '@nestjs/common';
import { AppError } from '../common/index.js';

const MAX_REPORTED_ISSUES = 20;
/** A message may quote names from the request, which has no business coming back at full length. */
const MAX_MESSAGE_LENGTH = 300;

type Issue = Parameters<NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory'] & object>[0][number];

/** Checks each parameter that declares a schema, as in `@Body({ schema: startRunSchema })`. */
export function createValidationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => {
      const errors = issues.slice(0, MAX_REPORTED_ISSUES).map((issue) => ({ field: pathOf(issue), message: issue.message.slice(0, MAX_MESSAGE_LENGTH) }));
      const summary = errors.map(({ field, message }) => (field ? `${field}: ${message}` : message)).join('; ');
      return new AppError('validation_failed', summary, { extensions: { errors } });
    },
  });
}

function pathOf(issue: Issue): string {
  return (issue.path ?? []).map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
}
