import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { memorySlot } from '../runner/run-memory.js';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';

const STATUSES = ['pending', 'in_progress', 'done', 'dropped'] as const;
type TaskStatus = (typeof STATUSES)[number];

interface Task {
  readonly title: string;
  status: TaskStatus;
}

const TASKS = memorySlot(() => ({ list: [] as Task[] }));
const MARKS: Readonly<Record<TaskStatus, string>> = { pending: '[ ]', in_progress: '[>]', done: '[x]', dropped: '[-]' };

const input = z.strictObject({
  action: z.enum(['create', 'update', 'read']).describe('create: a new list in place of the old one; update: the status of one task; read: the list as it is'),
  tasks: z.array(z.string().trim().min(1).max(200)).optional().describe('For create: the tasks in order, a few words each'),
  task: z.int().min(1).optional().describe('For update: number of the task in the list'),
  status: z.enum(STATUSES).optional().describe('For update'),
});

@Injectable()
export class TaskListTool implements Tool<z.output<typeof input>> {
  readonly name = 'task_list';
  readonly description =
    'Your plan for work of several steps, which the person sees too. Create it before you begin, set a task to in_progress when you start it and to done when it is. Not needed for one or two steps.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly timeoutClass = 'default';
  readonly phase = 'planning';

  async execute({ action, tasks, task, status }: z.output<typeof input>, { memory, limits, onProgress }: ToolContext): Promise<string> {
    const state = memory.of(TASKS);
    if (action === 'create') state.list = create(tasks, limits.maxTasks);
    if (action === 'update') update(state.list, task, status);
    if (state.list.length === 0) throw new ToolError('not_found', 'There is no task list yet. Create one.');
    onProgress(progressOf(state.list));
    return [progressOf(state.list), ...state.list.map(({ title, status: current }, index) => `${index + 1}. ${MARKS[current]} ${title}`)].join('\n');
  }
}

function create(titles: readonly string[] | undefined, maxTasks: number): Task[] {
  if (!titles || titles.length === 0) throw new ToolError('invalid_input', 'tasks: a new list needs at least one task.');
  if (titles.length > maxTasks) throw new ToolError('too_large', `tasks: there are ${titles.length}; the most is ${maxTasks}. Put small ones together.`);
  return titles.map((title) => ({ title, status: 'pending' }));
}

function update(list: readonly Task[], number: number | undefined, status: TaskStatus | undefined): void {
  if (number === undefined) throw new ToolError('invalid_input', 'task: say which task, by its number in the list.');
  if (status === undefined) throw new ToolError('invalid_input', 'status: say what has become of the task.');
  const found = list[number - 1];
  if (!found) throw new ToolError('not_found', list.length === 0 ? 'There is no task list yet. Create one.' : `task: the list has only ${list.length} tasks.`);
  found.status = status;
}

/** For people: how far it is, and what is being done. */
function progressOf(list: readonly Task[]): string {
  const done = list.filter(({ status }) => status === 'done').length;
  const counted = list.filter(({ status }) => status !== 'dropped').length;
  const current = list.find(({ status }) => status === 'in_progress');
  return `${done} of ${counted} tasks done${current ? `; now: ${current.title}` : ''}`;
}
