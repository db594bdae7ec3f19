// An MCP server over stdio with one tool: the diagnostics that a real language server publishes for a file.
// node language-server-bridge.mjs FOLDER
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node.js';
import { z } from 'zod';

const require = createRequire(import.meta.url);
const folder = resolve(process.argv[2]);
const command = join(require.resolve('typescript-language-server/package.json'), '../lib/cli.mjs');
const server = spawn(process.execPath, [command, '--stdio'], { cwd: folder, stdio: ['pipe', 'pipe', 'ignore'] });
const connection = createMessageConnection(new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
const waiting = new Map();
connection.onNotification('textDocument/publishDiagnostics', (report) => waiting.get(report.uri)?.(report));
connection.onRequest('workspace/configuration', ({ items }) => items.map(() => null));
connection.listen();

const ready = connection
  .sendRequest('initialize', {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    capabilities: { textDocument: { publishDiagnostics: {} } },
    initializationOptions: { tsserver: { path: require.resolve('typescript/lib/tsserver.js') }, disableAutomaticTypingAcquisition: true },
  })
  .then(() => connection.sendNotification('initialized', {}));

/** The server reports in pieces, and does not say which is the last. An error of our own, in a line after the last, says that types were checked. */
const SENTINEL = "const sentinelOfTheBridge: number = '';";

/** Opens the file as it is on disk, waits for what the server says of it, and closes it again. */
async function diagnose(path) {
  await ready;
  const file = join(folder, path);
  const uri = pathToFileURL(file).href;
  const content = await readFile(file, 'utf8');
  const lastLine = content.split('\n').length;
  const published = new Promise((tell) =>
    waiting.set(uri, ({ diagnostics }) => {
      const isOurs = ({ range }) => range.start.line === lastLine;
      if (diagnostics.some((diagnostic) => isOurs(diagnostic) && diagnostic.severity === 1)) tell(diagnostics.filter((diagnostic) => !isOurs(diagnostic)));
    }),
  );
  await connection.sendNotification('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 1, text: `${content}\n${SENTINEL}` } });
  const diagnostics = await published;
  waiting.delete(uri);
  await connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  return { uri, diagnostics };
}

const mcp = new McpServer({ name: 'language-server-bridge', version: '1' });
mcp.registerTool('diagnostics', { description: 'What the language server reports of a file', inputSchema: { path: z.string() }, annotations: { readOnlyHint: true } }, async ({ path }) => {
  const { uri, diagnostics } = await diagnose(path);
  return { content: [{ type: 'text', text: JSON.stringify(diagnostics) }], structuredContent: { uri, diagnostics } };
});
process.stdin.on('close', () => server.kill());
await mcp.connect(new StdioServerTransport());
