import { Module } from '@nestjs/common';
import { OPEN_MCP_SESSION } from './mcp-session.port.js';
import { McpServers } from './mcp-servers.js';
import { openSdkMcpSession } from './sdk.mcp-session.js';

/** The connections to MCP servers, apart from what is done with their tools. */
@Module({
  providers: [McpServers, { provide: OPEN_MCP_SESSION, useValue: openSdkMcpSession }],
  exports: [McpServers],
})
export class McpModule {}
