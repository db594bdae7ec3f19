import type { ToolDeclaration } from '../../../src/models/index.js';

/** A declaration as the tools module would make it. */
export const READ_FILE: ToolDeclaration = {
  name: 'read_file',
  description: 'Reads a text file.',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'], additionalProperties: false },
};
