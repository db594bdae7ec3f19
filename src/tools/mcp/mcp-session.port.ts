/** A tool as its server describes it. Nothing of it is to be trusted. */
export interface McpToolDescription {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** What the server says about itself. */
  readonly annotations?: { readonly readOnlyHint?: boolean; readonly idempotentHint?: boolean };
}

export interface McpCallOptions {
  /** Aborting tells the server that nobody waits any more. */
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

export interface McpCallResult {
  readonly text: string;
  /** The same for programs, when the server says it so. */
  readonly structured?: unknown;
  readonly isError: boolean;
}

/** A conversation with one MCP server, from the handshake until either side ends it. */
export interface McpSession {
  /** @param limit tools wanted at most */
  listTools(limit: number): Promise<McpToolDescription[]>;
  callTool(name: string, input: unknown, options: McpCallOptions): Promise<McpCallResult>;
  /** Resolves when the server answers. */
  ping(timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export interface McpSessionEvents {
  readonly onClose: () => void;
  readonly onToolsChanged: () => void;
}

/** Opens a session; rejects when the server cannot be reached in time. */
export type OpenMcpSession = (server: McpServerConfiguration, timeoutMs: number, events: McpSessionEvents) => Promise<McpSession>;

export const OPEN_MCP_SESSION = Symbol('OpenMcpSession');

interface CommonConfiguration {
  readonly name: string;
  /** Whether the operator vouches for what the server says of its tools: then those that only read need not ask. */
  readonly trustAnnotations: boolean;
}

export type McpServerConfiguration = CommonConfiguration &
  (
    | { readonly transport: 'stdio'; readonly command: string; readonly args: readonly string[]; readonly env: Readonly<Record<string, string>>; readonly cwd?: string }
    | { readonly transport: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  );
