import { SystemClock } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import { OfflineLanguageModel } from '../../../src/models/offline/offline.language-model.js';
import type { ModelContent, ModelRequest, ToolDeclaration } from '../../../src/models/index.js';
import { describeLanguageModel, type LanguageModelUnderTest } from '../../conformance/language-model.conformance.js';
import { type OfflineAgent, OfflineAgents } from '../../support/models/offline-agent.js';
import { generate, requestOf } from '../../support/models/generate.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../../support/test-workspace.js';

const SEARCH: ToolDeclaration = { name: 'search_text', description: 'Searches.', inputSchema: { type: 'object' } };
const EDIT: ToolDeclaration = { name: 'edit_file', description: 'Edits.', inputSchema: { type: 'object' } };

/** A replacement whose search has found two files: what follows is an edit of each. */
const FOUND_TWO: readonly ModelContent[] = [
  { role: 'user', text: 'Replace a with b in all files' },
  { role: 'model', text: '', toolCalls: [{ callId: '1', name: 'search_text', input: { query: 'a', caseSensitive: true, countOnly: true } }] },
  { role: 'tool', results: [{ callId: '1', name: 'search_text', ok: true, output: '2 matches in 2 files (2 files searched).\nMatches per file, the most first:\n1\tone.ts\n1\ttwo.ts' }] },
];

async function createUnderTest(stream: boolean): Promise<LanguageModelUnderTest> {
  const search = (rest: Partial<ModelRequest> = {}): ModelRequest => requestOf('Find every TODO', { tools: [SEARCH], ...rest });
  return {
    model: new OfflineLanguageModel(new SystemClock(), stream ? 5 : 200),
    stream,
    requests: {
      text: () => requestOf('Who are you?'),
      call: () => search(),
      parallelCalls: () => requestOf('', { contents: FOUND_TWO, tools: [SEARCH, EDIT] }),
      tooLong: () => requestOf('Who are you?', { maxOutputTokens: 5 }),
      callsForbidden: () => search({ toolMode: 'none' }),
      slowText: () => requestOf('Who are you?'),
    },
    close: async () => undefined,
  };
}

describeLanguageModel('offline, streamed', () => createUnderTest(true));
describeLanguageModel('offline, in one piece', () => createUnderTest(false));

describe('offline planner on real tools', () => {
  const agents = new OfflineAgents();
  let workspace: TestWorkspace;
  let agent: OfflineAgent;

  async function open(files: Readonly<Record<string, string>>, limits: Partial<LimitValues> = {}): Promise<void> {
    workspace = await createTestWorkspace(files);
    agent = await agents.in(workspace.path, limits);
  }

  afterEach(() => workspace.remove());
  afterAll(() => agents.close());

  it('finds every TODO and says which file has the most', async () => {
    await open(TODO_PROJECT);
    const { text, calls } = await agent.run('Find every TODO in this workspace and tell me which file has the most', 3);
    expect(calls.map((call) => call.name)).toEqual(['search_text']);
    expect(text).toContain('I found 6 matches for `TODO` in 3 files (4 files searched). `src/api.ts` has the most: 3.');
    expect(text).toContain('- `docs/notes.md`: 2');
    expect(text).toContain('- src/api.ts:3 `// TODO: retry`');
    expect(text).toContain('no AI');
  });

  it('names all files that share the first place', async () => {
    await open({ 'a.ts': '// TODO\n', 'b.ts': '// TODO\n', 'c.ts': 'done\n' });
    expect((await agent.run('Which file has the most TODOs?')).text).toContain('`a.ts` and `b.ts` have the most: 1 each.');
  });

  it('counts rightly when there is far more than can be shown', async () => {
    await open(Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`src/file-${index}.ts`, '// TODO write this down properly\n'.repeat(index === 33 ? 70 : 20)])));
    const { text } = await agent.run('Find every TODO and tell me which file has the most');
    expect(text).toContain('I found 1650 matches for `TODO` in 80 files (80 files searched). `src/file-33.ts` has the most: 70.');
    expect(text).toContain('- and 60 more files');
    expect((await agent.run('How many TODOs are there?')).text).toContain('1650 matches');
  });

  it('says so when there is nothing to find', async () => {
    await open(TODO_PROJECT);
    expect((await agent.run('find every FIXME in src')).text).toContain('There is no `FIXME` in `src` (2 files searched).');
  });

  it('lists, finds, counts and reads files', async () => {
    await open({ ...TODO_PROJECT, 'long.txt': 'line\n'.repeat(3_000), 'empty.txt': '' });
    expect((await agent.run('List the files in src')).text).toMatch(/api\.ts {2}\d+\nutil\.ts/);
    expect((await agent.run('Find all *.md files')).text).toContain('There are 2 files that match `*.md` in this workspace.\n\n- `README.md`\n- `docs/notes.md`');
    expect((await agent.run('How many files are there?')).text).toContain('There are 6 files in this workspace.');
    expect((await agent.run('How many lines does long.txt have?')).text).toContain('`long.txt` has 3000 lines.');
    expect((await agent.run('How many lines does src/api.ts have?')).text).toContain('`src/api.ts` has 5 lines.');
    expect((await agent.run('Read README.md')).text).toContain('```md\n# Example\n\nNothing to do here.\n```');
    expect((await agent.run('Show lines 2-3 of src/api.ts')).text).toContain('lines 2 to 3:\n\n```ts\nexport function api() {\n  // TODO: retry\n```');
    expect((await agent.run('Read empty.txt')).text).toContain('`empty.txt` is empty.');
    expect((await agent.run('How many lines does empty.txt have?')).text).toContain('`empty.txt` has 0 lines.');
  });

  it('looks for a file that is not where the person said', async () => {
    await open({ ...TODO_PROJECT, 'a/same.ts': '1\n', 'b/same.ts': '2\n' });
    expect((await agent.run('Read api.ts')).text).toContain('`src/api.ts`, 5 lines:');
    expect((await agent.run('Read same.ts')).text).toContain('Which of these do you mean?\n\n- `a/same.ts`\n- `b/same.ts`');
    expect((await agent.run('Read nothing.ts')).text).toContain('`read_file` failed');
  });

  it('outlines code and documents', async () => {
    await open({
      'main.ts': `import { x } from './x.js';\n\nexport class Engine {\n  constructor(private readonly x: number) {\n  }\n\n  async start(): Promise<void> {\n    if (this.x) {\n    }\n  }\n}\n\nexport function stop(): void {}\n`,
      'tool.py': 'import os\n\nclass Tool:\n    def run(self):\n        pass\n\ndef main():\n    pass\n',
      'guide.md': '# Guide\n\ntext\n\n## Install\n',
    });
    const { text } = await agent.run('Explain the outline of main.ts');
    expect(text).toContain('`main.ts` has 13 lines. It imports from `./x.js`.');
    for (const entry of ['- line 3: `export class Engine`', '  - line 7: `async start(): Promise<void>`', '- line 13: `export function stop(): void {}`']) expect(text).toContain(entry);
    expect(text).not.toContain('line 8');
    expect((await agent.run('Outline tool.py')).text).toContain('- line 3: `class Tool`\n  - line 4: `def run(self)`\n- line 7: `def main()`');
    expect((await agent.run('Outline guide.md')).text).toContain('- line 1: `# Guide`\n  - line 5: `## Install`');
  });

  it('replaces text in every file, step by step', async () => {
    const names = Array.from({ length: 13 }, (_, index) => `src/file-${index}.ts`);
    await open({ ...Object.fromEntries(names.map((name) => [name, 'colour and colour\n'])), 'other.txt': 'Colour\n' });
    const { text, calls } = await agent.run('Replace "colour" with "color" in all files');
    expect(text).toContain('I replaced `colour` with `color` in 26 places of 13 files.');
    expect(calls.filter((call) => call.name === 'edit_file')).toHaveLength(13);
    for (const name of names) expect(await workspace.read(name)).toBe('color and color\n');
    expect(await workspace.read('other.txt')).toBe('Colour\n');
    expect((await agent.run('Replace "colour" with "color" in all files')).text).toContain('so I changed nothing');
  });

  it('says what it did not get to when its steps are used up', async () => {
    await open(Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`file-${index}.ts`, 'colour\n'])));
    const { text } = await agent.run('Replace "colour" with "color" in all files', 3);
    expect(text).toContain('in 5 places of 5 files');
    expect(text).toContain('Not done, because my steps are used up or I may not edit: 3 files.');
  });

  it('does not repeat edits that were refused for being too many', async () => {
    await open(Object.fromEntries(Array.from({ length: 4 }, (_, index) => [`file-${index}.ts`, 'colour\n'])), { 'tool.maxPerIteration': 2 });
    expect((await agent.run('Replace "colour" with "color" in all files')).text).toContain('in 4 places of 4 files');
  });

  it('reports a tool that failed in its own words', async () => {
    await open(TODO_PROJECT);
    expect((await agent.run('Read ../secrets.txt')).text).toMatch(/`read_file` failed[\s\S]*\.\./);
  });

  it('reads names that the tools have to quote', async () => {
    await open({ 'odd\nname.ts': '// TODO\n// TODO\n', 'plain.ts': '// TODO\n' });
    const { text } = await agent.run('Find every TODO');
    expect(text).toContain('`odd\nname.ts`: 2');
    expect(text).toContain('odd\nname.ts:2');
  });

  it('names paths and texts so that no markdown breaks', async () => {
    await open({ 'we`ird.md': 'a ``` fence and a TODO `here`\n' });
    const { text } = await agent.run('Find every TODO');
    expect(text).toContain('``we`ird.md``: 1');
    expect((await agent.run('Read "we`ird.md"')).text).toContain('````md\na ``` fence');
  });

  it('says what it is and how to get a real model when it does not understand', async () => {
    await open({});
    const { text, calls } = await agent.run('Write me a poem about the sea');
    expect(calls).toEqual([]);
    expect(text).toContain('no AI in it');
    expect(text).toContain('GEMINI_API_KEY');
  });

  it('depends on the request alone', async () => {
    await open({});
    const model = new OfflineLanguageModel(new SystemClock());
    const request = requestOf('Find every TODO', { tools: [SEARCH] });
    const [first, second] = [await generate(model, request), await generate(model, request)];
    const bare = ({ response }: typeof first) => ({ ...response, answer: { ...response?.answer, toolCalls: response?.answer.toolCalls.map(({ name, input }) => ({ name, input })) } });
    expect(bare(second)).toEqual(bare(first));
  });

  it('counts four characters as a token, over everything it is given', async () => {
    await open({});
    const { response } = await generate(new OfflineLanguageModel(new SystemClock()), { system: 'x'.repeat(6), contents: [{ role: 'user', text: 'Hello' }], tools: [], toolMode: 'auto', maxOutputTokens: 8_192 });
    expect(response?.usage.inputTokens).toBe(3);
    expect(response?.usage.outputTokens).toBe(Math.ceil((response?.answer.text.length ?? 0) / 4));
  });
});
