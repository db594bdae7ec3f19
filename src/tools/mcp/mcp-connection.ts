import { Logger } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import { ToolError } from '../tool-error.js';
import type { McpServerConfiguration, McpSession, OpenMcpSession } from './mcp-session.port.js';
import { McpTool } from './mcp-tool.js';

export interface McpServerState {
  readonly name: string;
  readonly isUp: boolean;
  readonly tools: number;
  /** Why it is not up. */
  readonly error?: string;
}

/** Keeps up the connection to one server, for as long as the application runs, and says which tools it has. */
export class McpConnection {
  private readonly logger = new Logger(McpConnection.name);
  private session?: McpSession;
  private tools: McpTool[] = [];
  private error = 'not connected yet';
  private failures = 0;
  private isClosed = false;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly server: McpServerConfiguration,
    private readonly open: OpenMcpSession,
    private readonly limits: Limits,
    private readonly clock: Clock,
    private readonly onTools: (tools: readonly McpTool[]) => void,
  ) {}

  get state(): McpServerState {
    return { name: this.server.name, isUp: this.session !== undefined, tools: this.tools.length, ...(this.session ? {} : { error: this.error }) };
  }

  /** Connects, and goes on trying with growing pauses when that fails. Never rejects. */
  async connect(): Promise<void> {
    if (this.isClosed) return;
    let opened: McpSession | undefined;
    const events = { onClose: () => this.lost(opened, 'the server ended the connection'), onToolsChanged: () => void this.refresh(opened) };
    try {
      opened = await this.open(this.server, this.limits.value('mcp.connectTimeoutMs'), events);
      if (this.isClosed) return await opened.close();
      this.session = opened;
      await this.list(opened);
      this.failures = 0;
      this.logger.log({ message: 'MCP server connected', server: this.server.name, tools: this.tools.length });
      this.schedulePing(opened);
    } catch (error) {
      this.session = opened;
      this.lost(opened, (error as Error).message);
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.cancelTimer();
    const { session } = this;
    this.session = undefined;
    await session?.close();
  }

  private async refresh(session: McpSession | undefined): Promise<void> {
    if (!session || this.session !== session) return;
    try {
      await this.list(session);
    } catch (error) {
      this.lost(session, (error as Error).message);
    }
  }

  private async list(session: McpSession): Promise<void> {
    const maxBytes = this.limits.value('mcp.maxDeclarationBytes');
    const described = await session.listTools(this.limits.value('mcp.maxToolsPerServer'));
    const tools = described.map((tool) => new McpTool(this.server, tool, () => this.present()));
    const fitting = tools.filter((tool) => Buffer.byteLength(tool.description) + Buffer.byteLength(JSON.stringify(tool.inputSchema)) <= maxBytes);
    this.tools = [...new Map(fitting.map((tool) => [tool.name, tool])).values()];
    if (this.tools.length < described.length) this.logger.warn({ message: 'tools of an MCP server left out: too long or of the same name', server: this.server.name, count: described.length - this.tools.length });
    this.onTools(this.tools);
  }

  /** @throws ToolError `unavailable` while there is no connection */
  private present(): McpSession {
    if (this.session) return this.session;
    throw new ToolError('unavailable', `The MCP server ${this.server.name} is away: ${this.error}. Try again later, or do without it.`);
  }

  private lost(session: McpSession | undefined, reason: string): void {
    if (this.isClosed || this.session !== session) return;
    this.session = undefined;
    this.error = reason;
    this.failures++;
    void session?.close().catch((error: unknown) => this.logger.debug({ message: 'MCP session did not close', server: this.server.name, error }));
    const retryMs = Math.min(this.limits.value('mcp.reconnectMs') * 2 ** (this.failures - 1), this.limits.value('mcp.maxReconnectMs'));
    this.logger.warn({ message: 'MCP server away', server: this.server.name, reason, retryMs });
    this.cancelTimer();
    this.cancelTimer = this.clock.schedule(() => void this.connect(), retryMs);
  }

  /** Tells a server that hangs or has gone without a word from one that has nothing to say. */
  private schedulePing(session: McpSession): void {
    const gapMs = this.limits.value('mcp.pingMs');
    this.cancelTimer = this.clock.schedule(() => {
      if (this.session !== session) return;
      void session.ping(this.limits.value('mcp.connectTimeoutMs')).then(
        () => this.session === session && this.schedulePing(session),
        (error: Error) => this.lost(session, error.message),
      );
    }, gapMs);
  }
}
