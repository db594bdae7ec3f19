import { chown, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isTemporaryName } from '../../../src/tools/workspace/atomic-write.js';
import { type RecordedCall, turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

const FIRST_PROMPT_TOKENS = 10_000;
/** Whoever is not root. */
const OWNER = 60_900;

interface ToolAnswer {
  readonly name: string;
  readonly response: Readonly<Record<string, unknown>>;
}

/** What run `number` is asked to do; the model finds the number in it again. */
export function messageOf(number: number): string {
  return `Chaos run ${number}: add your line to ${fileOf(number)}.`;
}

/**
 * A model that looks at the file of its run, adds one line to it, and looks again when it is told that nobody knows whether that
 * happened. A change made twice leaves two lines; one reported as made that was not leaves none.
 */
export class ScriptedWork {
  /** Changes that the model was told are unknown. */
  unknownChanges = 0;

  private constructor(
    readonly workspace: TestWorkspace,
    private readonly paceMs: number,
  ) {}

  /** @param paceMs before each piece of an answer */
  static async create(paceMs: number): Promise<ScriptedWork> {
    const workspace = await createTestWorkspace();
    if (process.getuid?.() === 0) await chown(workspace.path, OWNER, OWNER); // commands in a folder of root's can only read
    return new ScriptedWork(workspace, paceMs);
  }

  async prepare(number: number): Promise<void> {
    await this.workspace.write(fileOf(number), `run ${number}\n`);
    if (process.getuid?.() === 0) await chown(join(this.workspace.path, fileOf(number)), OWNER, OWNER);
  }

  /** Each call has a prompt count of its own, so that what was served and what was settled can be matched. */
  answer({ body }: RecordedCall, index: number): TurnBuilder {
    const { number, results } = workOf(body.contents);
    const answer = turn().pace(this.paceMs).thought('Hm. ').text('Let ', 'me ', `see (${results.length}). `);
    this.decide(answer, number, results.at(-1), (body.tools ?? []).length > 0);
    return answer.usage({ prompt: FIRST_PROMPT_TOKENS + index, candidates: 10 + (index % 7), thoughts: index % 3 });
  }

  private decide(answer: TurnBuilder, number: number, last: ToolAnswer | undefined, hasTools: boolean): void {
    const read = (): void => void answer.call('read_file', { path: fileOf(number) });
    const said = JSON.stringify(last?.response ?? '');
    if (!hasTools) return;
    if (!last) return read();
    if (last.name === 'read_file') {
      if (!said.includes(`done ${number}`)) change(answer, number);
      return;
    }
    if (said.includes('The server stopped while this call was made')) this.unknownChanges++;
    if (last.response.error !== undefined) read();
  }

  /** @param isCertain whether the run got to its end, and its line must be there */
  async faultsOf(number: number, isCertain: boolean): Promise<string[]> {
    const text = await this.workspace.read(fileOf(number));
    const isDone = text === `run ${number}\ndone ${number}\n`;
    return isDone || (!isCertain && text === `run ${number}\n`) ? [] : [`${fileOf(number)} reads ${JSON.stringify(text)}`];
  }

  /** Files that no run was asked to make. Unfinished writes of the killed are cleared away some minutes later. */
  async strayFiles(): Promise<string[]> {
    return (await readdir(this.workspace.path)).filter((name) => !/^line-\d+\.txt$/.test(name) && !isTemporaryName(name));
  }
}

function fileOf(number: number): string {
  return `line-${number}.txt`;
}

/** By turns with a tool that edits and by a command that appends: neither bears being repeated. */
function change(answer: TurnBuilder, number: number): void {
  if (number % 2 === 0) answer.call('run_command', { command: `echo 'done ${number}' >> ${fileOf(number)}` });
  else answer.call('edit_file', { path: fileOf(number), oldText: `run ${number}\n`, newText: `run ${number}\ndone ${number}\n` });
}

/** The last message asked of the model, and what its tools have answered since. */
function workOf(contents: RecordedCall['body']['contents']): { number: number; results: ToolAnswer[] } {
  let number = 0;
  let results: ToolAnswer[] = [];
  for (const { text, functionResponse } of contents.flatMap(({ parts }) => parts)) {
    const asked = /^Chaos run (\d+)/.exec(text ?? '')?.[1];
    if (asked) [number, results] = [Number(asked), []];
    if (functionResponse) results.push(functionResponse as ToolAnswer);
  }
  return { number, results };
}
