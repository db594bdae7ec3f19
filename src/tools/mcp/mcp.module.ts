import { Module } from '@nestjs/common';
import { OPEN_MCP_SESSION, type OpenMcpSession } from './mcp-session.port.js';
import { McpServers } from './mcp-servers.js';

/** Loads the SDK with the first server, and never where there is none. */
const openSession: OpenMcpSession = async (...session) => (await import('./sdk.mcp-session.js')).openSdkMcpSession(...session);

/** The connections to MCP servers, apart from what is done with their tools. */
@Module({
  providers: [McpServers, { provide: OPEN_MCP_SESSION, useValue: openSession }],
  exports: [McpServers],
})
export class McpModule {}
