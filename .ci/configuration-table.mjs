// Writes what src/config/environment.ts says about each variable into .env.example and README.md, or prints
// README's table. Tests hold the three together.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
export const BEGIN = '<!-- configuration:begin -->';
export const END = '<!-- configuration:end -->';

const LIMITS_NOTE = 'Any limit of GET /api/limits, as LIMIT_ and its key: iteration.maxByIntent.fix is LIMIT_ITERATION_MAX_BY_INTENT_FIX.';

/** README's table: variable, default, meaning. */
export function configurationTable(variables) {
  const rows = Object.entries(variables).map(([name, variable]) => `| \`${name}\` |${variable.default === undefined ? '' : ` \`${variable.default}\``} | ${variable.description.replaceAll('|', '\\|')} |`);
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...rows, `| \`LIMIT_*\` | | ${LIMITS_NOTE} |`].join('\n');
}

/** The whole of .env.example; every variable is commented out, since its default needs no saying. */
export function environmentExample(variables) {
  const head = '# Every variable, with its default. Copy this file to .env and uncomment what you change; variables of the\n# process win over the file. An empty value counts as unset.\n';
  const entries = Object.entries(variables).map(([name, variable]) => `\n# ${variable.description}\n#${name}=${variable.default ?? ''}\n`);
  return `${head}${entries.join('')}\n# ${LIMITS_NOTE}\n#LIMIT_ITERATION_MAX_BY_INTENT_FIX=10\n`;
}

/** The text between the markers; undefined when a text has none. */
export function markedSection(text) {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  return begin < 0 || end < begin ? undefined : text.slice(begin + BEGIN.length, end).trim();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await import('./build-if-stale.mjs');
  const { VARIABLES } = await import('../dist/config/environment.js');
  if (process.argv.includes('--write')) write(VARIABLES);
  else console.log(configurationTable(VARIABLES));
}

function write(variables) {
  writeFileSync(`${root}.env.example`, environmentExample(variables));
  const readme = `${root}README.md`;
  const text = existsSync(readme) ? readFileSync(readme, 'utf8') : '';
  if (markedSection(text) === undefined) return;
  const [before, after] = [text.slice(0, text.indexOf(BEGIN) + BEGIN.length), text.slice(text.indexOf(END))];
  writeFileSync(readme, `${before}\n${configurationTable(variables)}\n${after}`);
}
