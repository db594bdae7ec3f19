import { type ToolContext, type ToolError, Workspace } from '../../../src/tools/index.js';
import { AskUserTool } from '../../../src/tools/assistance/ask-user.tool.js';
import { ConsultArchitectTool } from '../../../src/tools/assistance/consult-architect.tool.js';
import { TaskListTool } from '../../../src/tools/assistance/task-list.tool.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

let folder: TestWorkspace;
let workspace: Workspace;

beforeAll(async () => {
  folder = await createTestWorkspace();
  workspace = await Workspace.open(folder.path);
});
afterAll(() => folder.remove());

describe('task_list', () => {
  const tool = new TaskListTool();
  let context: ToolContext;
  let progress: string[];
  const call = (input: object): Promise<string> => tool.execute(tool.input.parse(input), context);

  beforeEach(() => {
    progress = [];
    context = toolContext(workspace, {}, { onProgress: (text) => progress.push(text) });
  });

  it('keeps a list over the calls of a run, and shows how far it is', async () => {
    await call({ action: 'create', tasks: ['Read the code', 'Mend it', 'Ask for more'] });
    await call({ action: 'update', task: 1, status: 'done' });
    await call({ action: 'update', task: 3, status: 'dropped' });
    const list = await call({ action: 'update', task: 2, status: 'in_progress' });
    expect(list).toBe('1 of 2 tasks done; now: Mend it\n1. [x] Read the code\n2. [>] Mend it\n3. [-] Ask for more');
    expect(await call({ action: 'read' })).toBe(list);
    expect(progress).toEqual(['0 of 3 tasks done', '1 of 3 tasks done', '1 of 2 tasks done', '1 of 2 tasks done; now: Mend it', '1 of 2 tasks done; now: Mend it']);
    expect(await call({ action: 'create', tasks: ['Anew'] })).toBe('0 of 1 tasks done\n1. [ ] Anew');
  });

  it('tasks.maxPerRun: a list of that many is made, one of more is not', async () => {
    for (const [count, code] of [[4, null], [5, null], [6, 'too_large']] as const) {
      const outcome = await call({ action: 'create', tasks: Array.from({ length: count }, () => 'x') }).then(() => null, (error: ToolError) => error.code);
      expect(outcome).toBe(code);
    }
  });

  it.each([
    [{ action: 'read' }, 'not_found'],
    [{ action: 'update', task: 1, status: 'done' }, 'not_found'],
    [{ action: 'update', status: 'done' }, 'invalid_input'],
    [{ action: 'update', task: 1 }, 'invalid_input'],
    [{ action: 'create', tasks: [] }, 'invalid_input'],
    [{ action: 'create' }, 'invalid_input'],
  ])('says what is wrong with %j', async (input, code) => {
    await expect(call(input)).rejects.toMatchObject({ code });
  });
});

describe('ask_user', () => {
  const tool = new AskUserTool();

  it('hands the question over, with its options', async () => {
    const asked: string[] = [];
    const context = toolContext(workspace, {}, { services: { askUser: (question) => asked.push(question) } });
    expect(await tool.execute(tool.input.parse({ question: 'Which one?', options: ['this', 'that'] }), context)).toContain('Your turn ends here');
    expect(asked).toEqual(['Which one?\n1. this\n2. that']);
  });

  it('says so where nobody can be asked', async () => {
    await expect(tool.execute({ question: 'Which?', options: [] }, toolContext(workspace))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('consult_architect', () => {
  const tool = new ConsultArchitectTool();

  it('hands the question over and gives the advice back', async () => {
    const services = { consultArchitect: async (question: string) => `advice on ${question}` };
    expect(await tool.execute({ question: 'this' }, toolContext(workspace, {}, { services }))).toBe('advice on this');
  });

  it('says so where there is none', async () => {
    await expect(tool.execute({ question: 'How?' }, toolContext(workspace))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
