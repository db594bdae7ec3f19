import type { Diagnostic } from '../diagnostics/diagnostics-delta.js';

const IN_FILE = /^(.+)\(\d+,\d+\): error (TS\d+): (.*)$/;
const GLOBAL = /^error (TS\d+): (.*)$/;

/** Errors in the output of `tsc --pretty false`. Indented lines go on with the one before. */
export function parseDiagnostics(output: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const line of output.split(/\r?\n/)) {
    const match = IN_FILE.exec(line) ?? GLOBAL.exec(line);
    const last = found.at(-1);
    if (match) found.push({ text: line, identity: match.slice(1).join('\0') });
    else if (/^\s+\S/.test(line) && last) found[found.length - 1] = { text: `${last.text}\n${line}`, identity: `${last.identity}\0${line}` };
  }
  return found;
}
