import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { McpServerConfiguration } from './mcp-session.port.js';

const texts = z.record(z.string(), z.string()).default({});
const common = { trustAnnotations: z.boolean().default(false), disabled: z.boolean().default(false) };
const stdioSchema = z.object({ ...common, type: z.literal('stdio').optional(), command: z.string().min(1), args: z.array(z.string()).default([]), env: texts, cwd: z.string().optional() });
const httpSchema = z.object({ ...common, type: z.enum(['http', 'streamable-http', 'streamableHttp']).optional(), url: z.url({ protocol: /^https?$/ }), headers: texts });
const fileSchema = z.object({ mcpServers: z.record(z.string().regex(/^[\w.-]{1,40}$/, 'a server name has letters, digits, dots and hyphens'), z.union([stdioSchema, httpSchema])) });

/**
 * Reads a file with the usual `mcpServers` object.
 * @throws when it cannot be read, naming what is wrong: a server left out by mistake would not be missed
 */
export function readMcpServers(file: string): McpServerConfiguration[] {
  try {
    const { mcpServers } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return Object.entries(mcpServers).flatMap(([name, server]) => (server.disabled ? [] : [toConfiguration(name, server)]));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    throw new Error(`MCP_SERVERS: ${file} cannot be used: ${reason}`, { cause: error });
  }
}

function toConfiguration(name: string, server: z.output<typeof stdioSchema> | z.output<typeof httpSchema>): McpServerConfiguration {
  const { trustAnnotations } = server;
  if ('url' in server) return { name, trustAnnotations, transport: 'http', url: server.url, headers: server.headers };
  const { command, args, env, cwd } = server;
  return { name, trustAnnotations, transport: 'stdio', command, args, env, cwd };
}
