import { createHash } from 'node:crypto';
import { z } from 'zod';
import { newLanguageServerErrors } from '../diagnostics/language-server-diagnostics.js';
import { cleanText } from '../runner/clean-text.js';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';
import type { McpServerConfiguration, McpSession, McpToolDescription } from './mcp-session.port.js';

const MAX_NAME_LENGTH = 64;
const HASH_LENGTH = 8;
const CONTROL_CHARACTERS = /[\u0000-\u0009\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;
const input = z.record(z.string(), z.unknown());

/** `mcp_<server>_<tool>` in the letters that every model takes; what does not fit or is not unique that way ends in a hash. */
export function mcpToolName(server: string, tool: string): string {
  const plain = `mcp_${server}_${tool}`;
  const name = plain.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase().replace(/[^a-z0-9]+/g, '_');
  const isFaithful = name.length <= MAX_NAME_LENGTH && /^[\w-]+$/.test(tool);
  if (isFaithful) return name;
  const hash = createHash('sha256').update(plain).digest('hex').slice(0, HASH_LENGTH);
  return `${name.slice(0, MAX_NAME_LENGTH - HASH_LENGTH - 1)}_${hash}`;
}

/** A tool of an MCP server. Its description and hints are the server's word: they are shown as such, and decide nothing unless the operator vouches for the server. */
export class McpTool implements Tool<Record<string, unknown>> {
  readonly name: string;
  readonly description: string;
  readonly input = input;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly readOnly: boolean;
  readonly idempotent: boolean;
  readonly timeoutClass = 'mcp';
  readonly approval: 'allow' | 'ask';

  constructor(
    server: McpServerConfiguration,
    private readonly described: McpToolDescription,
    private readonly session: () => McpSession,
  ) {
    const hints = server.trustAnnotations ? described.annotations : undefined;
    this.name = mcpToolName(server.name, described.name);
    this.description = `Tool ${quoted(described.name)} of the MCP server ${server.name}, which describes it so: ${quoted(described.description ?? '(no description)')}`;
    const { $schema: _dialect, ...inputSchema } = described.inputSchema;
    this.inputSchema = inputSchema;
    this.readOnly = hints?.readOnlyHint ?? false;
    this.idempotent = hints?.idempotentHint ?? false;
    this.approval = this.readOnly ? 'allow' : 'ask';
  }

  async execute(given: Record<string, unknown>, { signal, onProgress, memory }: ToolContext): Promise<string> {
    const { text, structured, isError } = await this.call(given, signal, onProgress);
    if (isError) throw new ToolError('command_failed', text || `${this.name} failed and did not say why.`);
    const errors = newLanguageServerErrors(structured, memory);
    if (errors.length > 0) throw new ToolError('lsp_diagnostics', `New errors since the last report:\n${errors.map((error) => error.text).join('\n')}\nThe whole report:\n${text}`);
    return text;
  }

  private async call(given: Record<string, unknown>, signal: AbortSignal, onProgress: (text: string) => void) {
    try {
      return await this.session().callTool(this.described.name, given, { signal, onProgress });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ToolError) throw error;
      throw new ToolError('unavailable', `The MCP server did not answer ${this.name}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** One line that cannot pass for words of ours: invisible and direction-changing characters are gone. */
function quoted(text: string): string {
  return JSON.stringify(cleanText(text.replace(CONTROL_CHARACTERS, ' ')));
}
