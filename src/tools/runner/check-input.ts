import type { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool } from '../tool.port.js';

const MAX_REPORTED_FAULTS = 10;

/**
 * The input as the tool wants it.
 * @throws ToolError `invalid_input` telling the model each fault by field, and `too_large`
 */
export function checkInput<Input>(tool: Tool<Input>, given: unknown, maxBytes: number): Input {
  const size = Buffer.byteLength(serialise(given));
  if (size > maxBytes) throw new ToolError('too_large', `The input of ${tool.name} has ${size} bytes; the most is ${maxBytes}. Do the work in smaller steps.`);
  const parsed = tool.input.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap(describeIssue);
  const more = faults.length > MAX_REPORTED_FAULTS ? [`and ${faults.length - MAX_REPORTED_FAULTS} more`] : [];
  throw new ToolError('invalid_input', [`The input of ${tool.name} is not valid:`, ...[...faults.slice(0, MAX_REPORTED_FAULTS), ...more].map((fault) => `- ${fault}`)].join('\n'));
}

function serialise(given: unknown): string {
  try {
    return JSON.stringify(given) ?? '';
  } catch (error) {
    throw new ToolError('invalid_input', 'The input is not JSON.', { cause: error });
  }
}

function describeIssue(issue: z.core.$ZodIssue): string[] {
  const field = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${[field, key].filter(Boolean).join('.')}: there is no such field`);
  return [field ? `${field}: ${issue.message}` : issue.message];
}
