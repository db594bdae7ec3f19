import type { ModelRequest } from '../language-model.port.js';
import type { Command } from './command.js';
import { understand } from './grammar/understand.js';
import { GREETING, INTRODUCTION } from './introduction.js';
import type { Plan } from './plan.js';
import { countLines } from './routines/count-lines.js';
import { findFiles } from './routines/find-files.js';
import { findText } from './routines/find-text.js';
import { listFiles } from './routines/list-files.js';
import { outlineFile } from './routines/outline-file.js';
import { readFile } from './routines/read-file.js';
import { replaceText } from './routines/replace-text.js';
import { Turn } from './turn.js';

/** The next step towards what the person asked for. Depends on the request alone. */
export function plan(request: ModelRequest): Plan {
  const turn = new Turn(request);
  const command = understand(turn.message);
  return command ? carryOut(command, turn) : { text: INTRODUCTION, calls: [] };
}

function carryOut(command: Command, turn: Turn): Plan {
  switch (command.kind) {
    case 'greet':
      return { text: GREETING, calls: [] };
    case 'find_text':
      return findText(command, turn);
    case 'find_files':
      return findFiles(command, turn);
    case 'list_files':
      return listFiles(command, turn);
    case 'read_file':
      return readFile(command, turn);
    case 'count_lines':
      return countLines(command, turn);
    case 'outline_file':
      return outlineFile(command, turn);
    case 'replace_text':
      return replaceText(command, turn);
  }
}
