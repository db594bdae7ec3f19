import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import type { Tool } from '../tool.port.js';
import { readMcpServers } from './mcp-configuration.js';
import { McpConnection, type McpServerState } from './mcp-connection.js';
import { OPEN_MCP_SESSION, type OpenMcpSession } from './mcp-session.port.js';

/** The MCP servers of the configuration. Their tools are offered while they are connected; one that is away stops nothing. */
@Injectable()
export class McpServers implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(McpServers.name);
  private readonly connections: readonly McpConnection[];
  private onTools: (server: string, tools: readonly Tool[]) => void = () => undefined;
  private connected: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(CONFIG) config: Config,
    @Inject(OPEN_MCP_SESSION) open: OpenMcpSession,
    @Inject(LIMITS_READER) limits: Limits,
    @Inject(CLOCK) clock: Clock,
  ) {
    const servers = config.mcpServersFile ? readMcpServers(config.mcpServersFile) : [];
    this.connections = servers.map((server) => new McpConnection(server, open, limits, clock, (tools) => this.onTools(server.name, tools)));
  }

  /** Does not wait: the application is there before its servers are. */
  onApplicationBootstrap(): void {
    this.connected = Promise.all(this.connections.map((connection) => connection.connect()));
  }

  async onModuleDestroy(): Promise<void> {
    const closed = await Promise.allSettled(this.connections.map((connection) => connection.close()));
    for (const result of closed) if (result.status === 'rejected') this.logger.warn({ message: 'MCP session did not close', error: result.reason as unknown });
  }

  /** Says who is told of the tools of each server whenever they change. Before the application is bootstrapped. */
  tellTools(listener: (server: string, tools: readonly Tool[]) => void): void {
    this.onTools = listener;
  }

  states(): McpServerState[] {
    return this.connections.map((connection) => connection.state);
  }

  /** Resolves when each server was tried once. */
  async firstAttempts(): Promise<void> {
    await this.connected;
  }
}
