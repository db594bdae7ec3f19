import { SystemClock } from '../../../src/common/index.js';
import type { LimitValues } from '../../../src/limits/index.js';
import type { ModelContent, ToolCallRequest, ToolDeclaration } from '../../../src/models/index.js';
import { OfflineLanguageModel } from '../../../src/models/offline/offline.language-model.js';
import { ToolRegistry, Workspace } from '../../../src/tools/index.js';
import { EditFileTool } from '../../../src/tools/files/edit-file.tool.js';
import { ReadFileTool } from '../../../src/tools/files/read-file.tool.js';
import { WriteFileTool } from '../../../src/tools/files/write-file.tool.js';
import { FindFilesTool } from '../../../src/tools/traversal/find-files.tool.js';
import { ListFilesTool } from '../../../src/tools/traversal/list-files.tool.js';
import { SearchTextTool } from '../../../src/tools/traversal/search-text.tool.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { FixedLimits } from '../streaming/fixed-limits.js';
import { type RunnerSetup, setUpRunner } from '../tools/runner-setup.js';
import { generate } from './generate.js';

export interface AgentRun {
  /** The last answer. */
  readonly text: string;
  readonly calls: readonly ToolCallRequest[];
}

export interface OfflineAgent {
  /** @param iterations model calls at most; the last one offers no tools, as in a real run. Default 10 */
  run(message: string, iterations?: number): Promise<AgentRun>;
}

/** The planner in the smallest possible loop, on the real tools and real folders. Starting its search threads takes a while: share it. */
export class OfflineAgents {
  private readonly threads = new TraversalThreads(new FixedLimits());
  private readonly model = new OfflineLanguageModel(new SystemClock());

  async in(directory: string, limits: Partial<LimitValues> = {}): Promise<OfflineAgent> {
    const tools = [new ListFilesTool(this.threads), new FindFilesTool(this.threads), new SearchTextTool(this.threads), new ReadFileTool(), new EditFileTool(), new WriteFileTool()];
    const { run } = await setUpRunner({ tools, limits, workspace: await Workspace.open(directory) });
    const declarations = new ToolRegistry(tools).declarations();
    return { run: (message, iterations = 10) => this.loop(message, iterations, declarations, run) };
  }

  close(): Promise<void> {
    return this.threads.onApplicationShutdown();
  }

  private async loop(message: string, iterations: number, declarations: ToolDeclaration[], runTools: RunnerSetup['run']): Promise<AgentRun> {
    const contents: ModelContent[] = [{ role: 'user', text: message }];
    const calls: ToolCallRequest[] = [];
    for (let iteration = 1; ; iteration++) {
      const isLast = iteration === iterations;
      const tools = isLast ? [] : declarations;
      const { response, error } = await generate(this.model, { system: '', contents, tools, toolMode: isLast ? 'none' : 'auto', maxOutputTokens: 8_192 });
      if (!response) throw error;
      const { answer } = response;
      if (answer.toolCalls.length === 0 || isLast) return { text: answer.text, calls };
      calls.push(...answer.toolCalls);
      const outcomes = await runTools(answer.toolCalls);
      const results = answer.toolCalls.map(({ callId, name }, index) => ({ callId, name, ok: outcomes[index]?.ok ?? false, output: outcomes[index]?.output ?? '' }));
      contents.push(answer, { role: 'tool', results });
    }
  }
}
