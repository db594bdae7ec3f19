import { jest } from '@jest/globals';
import { ToolPolicies } from '../../../../src/tools/approvals/tool-policies.js';
import { ToolPolicy, type ToolPolicyRule } from '../../../../src/tools/approvals/tool-policy.js';
import { matchesWildcard } from '../../../../src/tools/approvals/wildcard.js';
import { FixedLimits } from '../../../support/streaming/fixed-limits.js';

const rule = (decision: ToolPolicyRule['decision'], tool: string, input?: Record<string, string>): ToolPolicyRule => ({ decision, tool, ...(input ? { input } : {}) });
const call = (name: string, input: unknown = {}) => ({ name, input });

describe('a tool policy', () => {
  it('takes the first rule that matches, and the default of the tool where none does', () => {
    const policy = new ToolPolicy([], [rule('allow', 'run_command', { command: 'npm test*' }), rule('ask', 'run_*'), rule('deny', 'fetch_url')]);
    expect(policy.decide(call('run_command', { command: 'npm test -- a.test.ts' }), 'ask')).toBe('allow');
    expect(policy.decide(call('run_command', { command: 'make' }), 'allow')).toBe('ask');
    expect(policy.decide(call('run_tests'), 'allow')).toBe('ask');
    expect(policy.decide(call('fetch_url'), 'allow')).toBe('deny');
    expect(policy.decide(call('read_file'), 'allow')).toBe('allow');
    expect(policy.decide(call('mcp_everything_echo'), 'ask')).toBe('ask');
  });

  it.each([
    ['ask', 'allow', 'allow', 'ask'],
    ['deny', 'allow', 'allow', 'deny'],
    ['deny', 'ask', 'allow', 'deny'],
    ['allow', undefined, 'ask', 'allow'],
    ['allow', 'deny', 'allow', 'deny'],
    [undefined, 'allow', 'ask', 'allow'],
  ] as const)('operator %s, project %s, default %s: %s', (operator, project, byDefault, expected) => {
    const rules = (decision: ToolPolicyRule['decision'] | undefined): ToolPolicyRule[] => (decision ? [rule(decision, 'write_file')] : []);
    expect(new ToolPolicy(rules(operator), rules(project)).decide(call('write_file'), byDefault)).toBe(expected);
  });

  it.each(['secrets/key.pem', './secrets/key.pem', 'src/../secrets/key.pem', 'secrets//key.pem', './/secrets/./key.pem'])('a rule that forbids a path is not led past by %s', (path) => {
    expect(new ToolPolicy([], [rule('deny', '*', { path: 'secrets/*' })]).decide(call('write_file', { path }), 'allow')).toBe('deny');
  });

  it.each(['src/../package.json', './src/../../etc/passwd', 'src/../.git/config'])('a rule that allows a path does not allow %s', (path) => {
    expect(new ToolPolicy([], [rule('allow', 'write_file', { path: 'src/*' })]).decide(call('write_file', { path }), 'ask')).toBe('ask');
  });

  it.each(['npm test; rm -rf .', 'npm test && curl x', 'npm test | sh', 'npm test $(id)', 'npm test `id`', 'npm test\nrm a', 'npm test > a'])('a rule that allows a command does not allow %j', (command) => {
    expect(new ToolPolicy([], [rule('allow', 'run_command', { command: 'npm test*' })]).decide(call('run_command', { command }), 'ask')).toBe('ask');
  });

  it('compares what is no text by its JSON, and does not match a field that is missing', () => {
    const policy = new ToolPolicy([], [rule('deny', 'edit_file', { replaceAll: 'true' })]);
    expect(policy.decide(call('edit_file', { replaceAll: true }), 'allow')).toBe('deny');
    for (const input of [{}, null, 'replaceAll', undefined, { replaceAll: undefined }]) expect(policy.decide(call('edit_file', input), 'allow')).toBe('allow');
  });

  it('refuses everything when the stored rules are not understood', () => {
    const policies = new ToolPolicies({} as never, {} as never, new FixedLimits());
    expect(policies.of({ toolPolicy: [{ tool: 'write_file', decision: 'perhaps' }] }).decide(call('read_file'), 'allow')).toBe('deny');
    expect(policies.of({ toolPolicy: [] }).decide(call('read_file'), 'allow')).toBe('allow');
  });

  it('an operator file that is no policy stops the boot', () => {
    expect(() => new ToolPolicies({} as never, { toolPolicyFile: '/nowhere/policy.json' } as never, new FixedLimits())).toThrow(/TOOL_POLICY: .*policy\.json/);
  });

  it('approval.maxRules: rules below and at it are kept, one more is refused', async () => {
    const updateMany = jest.fn(async () => ({ count: 1 }));
    const policies = new ToolPolicies({ project: { updateMany } } as never, {} as never, new FixedLimits({ 'approval.maxRules': 2 }));
    const id = '00000000-0000-7000-8000-000000000001';
    const replace = (count: number): Promise<void> => policies.replace('ann', id, Array.from({ length: count }, () => rule('ask', '*')));
    await replace(1);
    await replace(2);
    await expect(replace(3)).rejects.toMatchObject({ code: 'limit_exceeded' });
    expect(updateMany).toHaveBeenCalledTimes(2);
  });
});

describe('wildcards', () => {
  it.each([
    ['*', '', true],
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*c', 'abcd', false],
    ['*b*', 'abc', true],
    ['a.c', 'abc', false],
    ['', '', true],
    ['', 'a', false],
    ['**a', 'bba', true],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(matchesWildcard(pattern, text)).toBe(expected);
  });

  it('do not take exponential time', () => {
    expect(matchesWildcard(`${'*a'.repeat(200)}b`, 'a'.repeat(20_000))).toBe(false);
  });
});
