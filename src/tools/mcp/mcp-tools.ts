import { Injectable } from '@nestjs/common';
import { ToolRegistry } from '../runner/tool-registry.js';
import { McpServers } from './mcp-servers.js';

/** Offers the tools of connected MCP servers beside our own. */
@Injectable()
export class McpTools {
  constructor(servers: McpServers, registry: ToolRegistry) {
    servers.tellTools((server, tools) => registry.replaceGroup(`mcp:${server}`, tools));
  }
}
