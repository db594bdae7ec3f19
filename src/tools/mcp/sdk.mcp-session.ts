import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { CallToolResultSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { McpCallOptions, McpCallResult, McpServerConfiguration, McpSession, McpSessionEvents, McpToolDescription } from './mcp-session.port.js';

/** The runner ends calls; this only keeps the SDK from ending them first. */
const NEVER = 2 ** 31 - 1;

/** Opens a session through the SDK. A stdio server gets the names below and what its configuration says, and nothing else of our environment. */
export async function openSdkMcpSession(server: McpServerConfiguration, timeoutMs: number, events: McpSessionEvents): Promise<McpSession> {
  const client = new Client({ name: 'lomu', version: '1' }, { capabilities: {} });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => events.onToolsChanged());
  try {
    await client.connect(transportTo(server), { timeout: timeoutMs, maxTotalTimeout: timeoutMs });
  } catch (error) {
    await client.close();
    throw error;
  }
  client.onclose = events.onClose;
  return new SdkMcpSession(client, timeoutMs);
}

function transportTo(server: McpServerConfiguration): Transport {
  if (server.transport === 'http') {
    return new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers: { ...server.headers } } });
  }
  const { PATH, LANG } = getDefaultEnvironment();
  const inherited = { ...(PATH ? { PATH } : {}), ...(LANG ? { LANG } : {}), HOME: '/nonexistent', USER: '', LOGNAME: '', SHELL: '/bin/sh', TERM: 'dumb' };
  return new StdioClientTransport({ command: server.command, args: [...server.args], env: { ...inherited, ...server.env }, cwd: server.cwd, stderr: 'ignore' });
}

class SdkMcpSession implements McpSession {
  constructor(
    private readonly client: Client,
    private readonly timeoutMs: number,
  ) {}

  async listTools(limit: number): Promise<McpToolDescription[]> {
    const tools: McpToolDescription[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.client.listTools(cursor ? { cursor } : {}, { timeout: this.timeoutMs });
      tools.push(...page.tools);
      if (page.nextCursor === cursor || page.tools.length === 0) break; // a server that never comes to an end
      cursor = page.nextCursor;
    } while (cursor && tools.length < limit);
    return tools.slice(0, limit);
  }

  async callTool(name: string, input: unknown, { signal, onProgress }: McpCallOptions): Promise<McpCallResult> {
    const result = await this.client.callTool({ name, arguments: input as Record<string, unknown> }, CallToolResultSchema, {
      signal,
      timeout: NEVER,
      onprogress: ({ progress, total, message }) => onProgress(message ?? (total ? `${progress} of ${total}` : `${progress}`)),
    });
    return { text: textOf(CallToolResultSchema.parse(result)), structured: result.structuredContent, isError: result.isError === true };
  }

  async ping(timeoutMs: number): Promise<void> {
    await this.client.ping({ timeout: timeoutMs });
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

type Content = ReturnType<typeof CallToolResultSchema.parse>;

/** What a model can read of a result; of the rest it is told that it was there. */
function textOf({ content, structuredContent }: Content): string {
  const parts = content.map((part) => {
    if (part.type === 'text') return part.text;
    if (part.type === 'resource' && 'text' in part.resource) return part.resource.text;
    if (part.type === 'resource_link') return `[resource ${part.uri}]`;
    return `[${part.type === 'resource' ? 'resource' : part.type} content is not shown]`;
  });
  return parts.length === 0 && structuredContent ? JSON.stringify(structuredContent) : parts.join('\n');
}
