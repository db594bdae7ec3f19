import { z } from 'zod';
import type { Tool, ToolContext } from '../../../src/tools/index.js';

const input = z.strictObject({ text: z.string(), times: z.int().min(1).max(3).optional() });

interface Script {
  readonly name: string;
  readonly readOnly?: boolean;
  readonly execute?: (context: ToolContext) => Promise<string>;
}

/** A tool whose work the test writes; it answers with its name otherwise. */
export function scriptedTool({ name, readOnly = true, execute = async () => name }: Script): Tool<z.output<typeof input>> {
  return { name, description: `${name} for tests`, input, readOnly, idempotent: readOnly, timeoutClass: 'read', execute: (_, context) => execute(context) };
}
