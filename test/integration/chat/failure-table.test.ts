import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FAILURE_PATTERNS, type FailurePatternKey } from '../../../src/failure-detection/index.js';
import { SUMMARY_SYSTEM } from '../../../src/chat/context/run-summary.js';
import { type FailureScenario, SCENARIOS, SHOWN_ELSEWHERE, USAGE } from '../../support/chat/failure-scenarios.js';
import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { McpServers } from '../../../src/tools/index.js';
import type { FinishedTestRun } from '../../support/http-client.js';
import type { TestApp } from '../../support/test-app.js';
import type { TestWorkspace } from '../../support/test-workspace.js';
import { createSandboxWorkspace, describeWithSandbox, SANDBOX_USER } from '../../support/tools/test-sandbox.js';

// Every failure brought about, and what became of the run: the table of docs/FAILURES.md.
// Written anew by: UPDATE_DOCS=1 npm test -- test/integration/chat/failure-table

const DOCUMENT = new URL('../../../docs/FAILURES.md', import.meta.url);
const [BEGIN, END] = ['<!-- failures: made by UPDATE_DOCS=1 npm test -- test/integration/chat/failure-table -->', '<!-- end of failures -->'];
const MAIN = 'gemini-3.6-flash';
const ARCHITECT = 'gemini-3.1-pro-preview';
/** Pauses are this much shorter than they would be. */
const UNIT_MS = 10;
const DEFAULT_UNIT_MS = 1_000;

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;
let folder: string;
const rows = new Map<FailurePatternKey, string>();
/** The result of the call says it all; nothing else is done. */
const SHOWN_TO_THE_MODEL: ReadonlySet<FailurePatternKey> = new Set(['tool_failed', 'typescript_errors', 'lsp_diagnostics']);
/** Speaks MCP to us and LSP to a TypeScript language server. */
const BRIDGE = fileURLToPath(new URL('../../support/tools/language-server-bridge.mjs', import.meta.url));

beforeAll(async () => {
  gemini = await startGeminiEmulator({ models: [MAIN, 'gemini-3.5-flash', ARCHITECT] });
  workspace = await createSandboxWorkspace({ 'a.ts': 'export const a = 1;\n', 'b.ts': `// ${'b'.repeat(2_000)}\n`, ...Object.fromEntries(Array.from({ length: 6 }, (_, page) => [`page${page}.txt`, `page ${page}`])) });
  const environment = { ...gemini.environment, FALLBACK_MODEL: 'gemini/gemini-3.5-flash', ARCHITECT_MODEL: `gemini/${ARCHITECT}`, SIGNUP_CREDITS: '1000000', LIMIT_RETRY_FIRST_DELAY_MS: String(UNIT_MS), LIMIT_BREAKER_MIN_CALLS: '10000' };
  folder = await mkdtemp(join(tmpdir(), 'lomu-language-'));
  const language = { command: process.execPath, args: [BRIDGE, workspace.path], trustAnnotations: true };
  await writeFile(join(folder, 'mcp.json'), JSON.stringify({ mcpServers: { language } }));
  lomu = await startQuietApp({ workspace, environment: { ...environment, MCP_SERVERS: join(folder, 'mcp.json'), SANDBOX_UID: String(SANDBOX_USER.uid) } });
  await lomu.app.get(McpServers).firstAttempts();
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
  await rm(folder, { recursive: true, force: true });
});

async function play(scenario: FailureScenario): Promise<FinishedTestRun> {
  for (const [key, value] of Object.entries(scenario.limits ?? {})) expect((await lomu.client.put(`/api/limits/${key}`, { value, reason: 'test' })).status).toBeLessThan(300);
  const left = [...scenario.answers()];
  gemini.reset();
  gemini.respondWith((call) => {
    const isSummary = call.body.systemInstruction?.parts[0]?.text === SUMMARY_SYSTEM;
    if (call.model === ARCHITECT || isSummary) return turn().text('Read the error first.').usage(USAGE);
    return left.shift() ?? turn().text('Done.').usage(USAGE);
  });
  try {
    return await lomu.client.run('Look at a.ts', { intent: scenario.intent ?? 'default' });
  } finally {
    for (const key of Object.keys(scenario.limits ?? {})) await lomu.client.delete(`/api/limits/${key}`);
  }
}

async function show(scenario: FailureScenario): Promise<void> {
  const { pattern, outcome } = scenario;
  const { events, terminal, started } = await play(scenario);
  expect(events.flatMap(({ type, data }) => (type === 'failure.detected' ? [data.pattern as string] : []))).toContain(pattern); // recognised
  if (outcome === 'recovered') {
    expect(events.filter(({ type, data }) => type === 'recovery.applied' && data.pattern === pattern).length + (SHOWN_TO_THE_MODEL.has(pattern) ? 1 : 0)).toBeGreaterThan(0); // acted on
    expect(terminal).toMatchObject({ type: 'run.completed', data: { finishReason: expect.stringMatching(/stop|no_progress/) } });
  } else expect(terminal).toMatchObject({ type: 'run.failed', data: { error: { pattern, message: expect.stringMatching(/\w{3}.*\./) } } });
  expect(events.filter(({ type }) => /^run\.(completed|failed|cancelled)$/.test(type))).toHaveLength(1); // I1
  const incidents = await closedIncidents(started.runId as string, pattern);
  expect(incidents.map((incident) => incident.outcome)).toEqual(incidents.map(() => (outcome === 'recovered' ? 'recovered' : 'failed')));
  expect(incidents.length).toBeGreaterThan(0);
  rows.set(pattern, rowOf(scenario, events, terminal));
}

/** They are closed right after the run's last event. */
async function closedIncidents(runId: string, pattern: string): Promise<{ outcome: string }[]> {
  for (;;) {
    const incidents = await lomu.database.prisma.failureIncident.findMany({ where: { runId, pattern } });
    if (incidents.every(({ outcome }) => outcome !== 'open')) return incidents;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function rowOf({ pattern, injectedBy, outcome, cleanCalls, waits }: FailureScenario, events: FinishedTestRun['events'], terminal: FinishedTestRun['terminal']): string {
  const actions = events.flatMap(({ type, data }) => (type === 'recovery.applied' ? [(data.action as string).replace(/,? ?wait \d+ ms/, '').replace(/ \(iteration \d+\)/, '')] : []));
  const pauses = events.flatMap(({ type, data }) => (type === 'recovery.applied' && typeof data.delayMs === 'number' ? [steady(data.delayMs)] : []));
  const seconds = pauses.reduce((sum, pause) => sum + pause, 0) / 1_000;
  const time = [seconds > 0 && `${seconds} s`, waits].filter(Boolean).join(' and ') || 'none';
  const extraNanoUsd = BigInt(terminal.data.billing.creditsNanoUsd as string) - BigInt(cleanCalls) * CALL_NANO_USD;
  const credits = extraNanoUsd <= 0n ? '0' : (Number(extraNanoUsd) / 1e6).toFixed(3);
  return `| ${FAILURE_PATTERNS[pattern].name} | ${injectedBy} | ${outcome === 'recovered' ? `recovered: ${[...new Set(actions)].join('; ') || 'the model saw the result and went on'}` : `explained: ${terminal.data.error.message}`} | ${time} | ${credits} |`;
}

/** What a call with the usage of all scripted answers costs. */
const CALL_NANO_USD = BigInt(USAGE.prompt) * 750n + BigInt(USAGE.candidates) * 3_750n;

/** The pause without chance, as it would be by default: pauses double, and are 30 % longer or shorter by chance. */
function steady(delayMs: number): number {
  if (delayMs === 0) return 0;
  return DEFAULT_UNIT_MS * 2 ** Math.round(Math.log2(delayMs / UNIT_MS));
}

function documentedRows(): Map<string, string> {
  const text = readFileSync(DOCUMENT, 'utf8');
  const table = text.slice(text.indexOf(BEGIN) + BEGIN.length, text.indexOf(END)).trim().split('\n').slice(2);
  return new Map(table.map((row) => [row.split(' | ')[0]?.slice(2) ?? '', row]));
}

describe('each failure is recognised, acted on, and the run ends well or in one clear error', () => {
  it.each(SCENARIOS.filter(({ needs }) => !needs).map((scenario) => [scenario.pattern, scenario] as const))('%s', (_pattern, scenario) => show(scenario));
});

describeWithSandbox('in the sandbox', () => {
  it.each(SCENARIOS.filter(({ needs }) => needs === 'sandbox').map((scenario) => [scenario.pattern, scenario] as const))('%s', (_pattern, scenario) => show(scenario));
});

describe('docs/FAILURES.md', () => {
  it('has a row for each pattern, as it was just seen', () => {
    const before = documentedRows();
    const expected = (Object.keys(FAILURE_PATTERNS) as FailurePatternKey[]).map((pattern) => {
      const { name } = FAILURE_PATTERNS[pattern];
      const elsewhere = SHOWN_ELSEWHERE[pattern];
      if (elsewhere) return `| ${name} | ${elsewhere.injectedBy} | ${elsewhere.outcome} | ${elsewhere.cost} | ${elsewhere.cost === '–' ? '–' : '0'} |`;
      return rows.get(pattern) ?? before.get(name); // what cannot be brought about here stays as it is
    });
    const table = ['| Failure | Injected by | What became of the run | Extra time | Extra credits |', '| --- | --- | --- | --- | --- |', ...expected].join('\n');
    const text = readFileSync(DOCUMENT, 'utf8');
    const [head, tail] = [text.slice(0, text.indexOf(BEGIN) + BEGIN.length), text.slice(text.indexOf(END))];
    if (process.env.UPDATE_DOCS) writeFileSync(DOCUMENT, `${head}\n\n${table}\n\n${tail}`);
    else expect(withoutFigures(text)).toBe(withoutFigures(`${head}\n\n${table}\n\n${tail}`));
  });
});

/** What time and credits a failure cost depends a little on where the fault struck; the document has them as last written. */
function withoutFigures(text: string): string {
  return text.replaceAll(/^(\|(?:[^|\n]*\|){3}).*$/gm, '$1');
}
