import { lookup } from 'node:dns/promises';
import { Module } from '@nestjs/common';
import { CONFIG, type Config } from '../config/index.js';
import { AskUserTool } from './assistance/ask-user.tool.js';
import { ConsultArchitectTool } from './assistance/consult-architect.tool.js';
import { TaskListTool } from './assistance/task-list.tool.js';
import { ProjectRemovals } from './cleanup/project-removals.js';
import { WorkspaceCleanup } from './cleanup/workspace-cleanup.js';
import { CheckTypesTool } from './execution/check-types.tool.js';
import { Commands } from './execution/commands.js';
import { RunCommandTool } from './execution/run-command.tool.js';
import { RunTestsTool } from './execution/run-tests.tool.js';
import { ApplyPatchTool } from './files/apply-patch.tool.js';
import { DeleteFileTool } from './files/delete-file.tool.js';
import { EditFileTool } from './files/edit-file.tool.js';
import { MoveFileTool } from './files/move-file.tool.js';
import { ReadFileTool } from './files/read-file.tool.js';
import { ReadOutputTool } from './files/read-output.tool.js';
import { WriteFileTool } from './files/write-file.tool.js';
import { ToolPolicies } from './approvals/tool-policies.js';
import { ToolPolicyController } from './approvals/tool-policy.controller.js';
import { DefaultProject } from './projects/default-project.js';
import { ProjectsController } from './projects/projects.controller.js';
import { ProjectsService } from './projects/projects.service.js';
import { WorkspaceService } from './projects/workspace.service.js';
import { ChangeHistory } from './history/change-history.js';
import { ProjectImports } from './import/project-imports.js';
import { McpModule } from './mcp/mcp.module.js';
import { McpTools } from './mcp/mcp-tools.js';
import { ResultEnvelope } from './runner/result-envelope.js';
import { ToolOutputStore } from './runner/tool-output-store.js';
import { ToolRegistry, TOOLS } from './runner/tool-registry.js';
import { ToolRunner } from './runner/tool-runner.js';
import { SandboxModule } from './sandbox/sandbox.module.js';
import { SANDBOX, type Sandbox } from './sandbox/sandbox.port.js';
import type { Tool } from './tool.port.js';
import { FindFilesTool } from './traversal/find-files.tool.js';
import { ListFilesTool } from './traversal/list-files.tool.js';
import { SearchTextTool } from './traversal/search-text.tool.js';
import { TraversalThreads } from './traversal/traversal-threads.js';
import { ADDRESS_BOOK, FetchUrlTool } from './web/fetch-url.tool.js';
import type { AddressBook } from './web/guarded-request.js';
import { isPublicAddress } from './web/public-address.js';

/** In the order in which models are told about them. */
const TOOL_CLASSES = [ListFilesTool, FindFilesTool, SearchTextTool, ReadFileTool, EditFileTool, WriteFileTool, ApplyPatchTool, MoveFileTool, DeleteFileTool, ReadOutputTool, TaskListTool, AskUserTool];
/** Only where commands can be confined. */
const EXECUTING_TOOL_CLASSES = [RunTestsTool, CheckTypesTool, RunCommandTool];

const ARCHITECT_TOOL_CLASSES = [ConsultArchitectTool];
const WEB_TOOL_CLASSES = [FetchUrlTool];
const ALL_TOOL_CLASSES = [...TOOL_CLASSES, ...EXECUTING_TOOL_CLASSES, ...ARCHITECT_TOOL_CLASSES, ...WEB_TOOL_CLASSES];

const PUBLIC_ADDRESSES: AddressBook = { resolve: (host) => lookup(host, { all: true }), isAllowed: isPublicAddress };

/** What the agent can do, and the folders it does it in. */
@Module({
  imports: [McpModule, SandboxModule],
  controllers: [ProjectsController, ToolPolicyController],
  providers: [
    ...ALL_TOOL_CLASSES,
    {
      provide: TOOLS,
      inject: [SANDBOX, CONFIG, ...ALL_TOOL_CLASSES],
      useFactory: (sandbox: Sandbox, config: Config, ...tools: Tool[]) => tools.filter((tool) => isOffered(tool, sandbox, config)),
    },
    { provide: ADDRESS_BOOK, useValue: PUBLIC_ADDRESSES },
    Commands,
    ToolRegistry,
    ToolRunner,
    ToolOutputStore,
    ResultEnvelope,
    TraversalThreads,
    ToolPolicies,
    ChangeHistory,
    ProjectImports,
    McpTools,
    DefaultProject,
    ProjectsService,
    ProjectRemovals,
    WorkspaceCleanup,
    WorkspaceService,
  ],
  exports: [ChangeHistory, ToolOutputStore, ToolRegistry, ToolRunner, WorkspaceCleanup, WorkspaceService, SandboxModule],
})
export class ToolsModule {}

function isOffered(tool: Tool, { availability }: Sandbox, config: Config): boolean {
  const isOneOf = (classes: readonly (new (...dependencies: never[]) => Tool)[]): boolean => classes.some((toolClass) => tool instanceof toolClass);
  if (isOneOf(EXECUTING_TOOL_CLASSES)) return availability.isAvailable;
  if (isOneOf(ARCHITECT_TOOL_CLASSES)) return config.models.architectModel !== undefined;
  return config.tools.fetchUrl || !isOneOf(WEB_TOOL_CLASSES);
}
