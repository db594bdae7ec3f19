import { isUtf8 } from 'node:buffer';
import { ToolError } from '../tool-error.js';

/** @throws ToolError `not_text` for what an editor could not show and a rewrite would damage */
export function decodeText(bytes: Buffer, path: string): string {
  if (bytes.includes(0)) throw new ToolError('not_text', `${path} is binary (${bytes.length} bytes).`);
  if (!isUtf8(bytes)) throw new ToolError('not_text', `${path} is not UTF-8 text (${bytes.length} bytes).`);
  return bytes.toString('utf8');
}

/** Whether an editor could show it. */
export function isText(bytes: Buffer): boolean {
  return !bytes.includes(0) && isUtf8(bytes);
}
