import { posix } from 'node:path';
import { z } from 'zod';
import { matchesWildcard } from './wildcard.js';

/** What happens with a call: it runs, a person is asked first, or it is refused. */
export type ToolDecision = 'allow' | 'ask' | 'deny';

const pattern = z.string().min(1).max(500);

export const toolPolicyRuleSchema = z.strictObject({
  tool: pattern.describe('Name of a tool; * stands for any characters'),
  input: z.record(z.string().min(1), pattern).optional().describe('Fields of the input that must fit, each by a pattern of the same kind'),
  decision: z.enum(['allow', 'ask', 'deny']),
});

export const toolPolicySchema = z.strictObject({ rules: z.array(toolPolicyRuleSchema) });

export type ToolPolicyRule = z.output<typeof toolPolicyRuleSchema>;

/** A call as policies look at it. */
export interface JudgedCall {
  readonly name: string;
  readonly input: unknown;
}

const STRICTNESS: Readonly<Record<ToolDecision, number>> = { allow: 0, ask: 1, deny: 2 };
const PATH_FIELD = /path|file|folder|directory|source|destination|^(from|to)$/i;
const SHELL_OPERATORS = /[;&|<>`$()\n]/;

/**
 * What the operator of the server and the owner of the project say about tool calls. Of each one's rules the first
 * that matches counts. The project's word goes before the operator's, which it can tighten and not loosen; where
 * both are silent, the tool's own default holds.
 */
export class ToolPolicy {
  constructor(
    private readonly operatorRules: readonly ToolPolicyRule[],
    private readonly projectRules: readonly ToolPolicyRule[],
  ) {}

  decide(call: JudgedCall, byDefault: ToolDecision): ToolDecision {
    const operator = decisionOf(this.operatorRules, call);
    const project = decisionOf(this.projectRules, call);
    const wanted = project ?? operator ?? byDefault;
    return operator && STRICTNESS[operator] > STRICTNESS[wanted] ? operator : wanted;
  }
}

function decisionOf(rules: readonly ToolPolicyRule[], call: JudgedCall): ToolDecision | undefined {
  return rules.find((rule) => matches(rule, call))?.decision;
}

function matches(rule: ToolPolicyRule, { name, input }: JudgedCall): boolean {
  if (!matchesWildcard(rule.tool, name)) return false;
  return Object.entries(rule.input ?? {}).every(([field, wanted]) => {
    const value = valueOf(input, field);
    return value !== undefined && matchesValue(rule.decision, field, wanted, value);
  });
}

/**
 * Another spelling must not lead past a rule: `./a/../.ssh` is held against it as written and as what it means. One that
 * forbids needs one of the two to fit, one that allows needs both; and one that allows a command does not allow what a
 * shell operator hangs on to it, unless it names the operator.
 */
function matchesValue(decision: ToolDecision, field: string, wanted: string, value: string): boolean {
  const spellings = PATH_FIELD.test(field) ? [value, posix.normalize(value).replace(/^\.\//, '')] : [value];
  if (decision !== 'allow') return spellings.some((spelling) => matchesWildcard(wanted, spelling));
  if (field === 'command' && SHELL_OPERATORS.test(value) && !SHELL_OPERATORS.test(wanted)) return false;
  return spellings.every((spelling) => matchesWildcard(wanted, spelling));
}

function valueOf(input: unknown, field: string): string | undefined {
  if (typeof input !== 'object' || input === null || !Object.hasOwn(input, field)) return undefined;
  const value = (input as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : JSON.stringify(value);
}
