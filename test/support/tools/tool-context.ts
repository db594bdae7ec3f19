import { readSandboxLimits, RunMemory, type ToolContext, type ToolLimits, type Workspace } from '../../../src/tools/index.js';
import { FixedLimits } from '../streaming/fixed-limits.js';

const defaults = new FixedLimits();

/** What a tool is given when it is called without a runner. */
export function toolContext(workspace: Workspace, limits: Partial<ToolLimits> = {}, context: Partial<ToolContext> = {}): ToolContext {
  return {
    workspace,
    signal: new AbortController().signal,
    memory: new RunMemory(),
    services: {},
    limits: {
      fileMaxBytes: 100_000,
      fileLargeBytes: 50_000,
      fileLargeLines: 1_000,
      fileMaxReadIterations: 5,
      fileReadCacheSize: 1_000,
      searchMaxMatches: 200,
      searchMaxFiles: 10_000,
      outputMaxBytes: 16_384,
      sandbox: readSandboxLimits((key) => defaults.value(key), 20_000),
      fetchMaxBytes: 1_024,
      fetchMaxRedirects: 2,
      maxTasks: 5,
      ...limits,
    },
    onProgress: () => undefined,
    ...context,
  };
}
