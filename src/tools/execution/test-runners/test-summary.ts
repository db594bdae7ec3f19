export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
}

interface Format {
  readonly name: string;
  /** Matches the part of the output that holds the counts. */
  readonly place: RegExp;
  readonly passed: RegExp;
  readonly failed: RegExp;
}

/** How runners sum up. The last place counts: projects run several after each other, and tests print things, too. */
const FORMATS: readonly Format[] = [
  { name: 'jest', place: /^Tests: .*\btotal\b.*$/gm, passed: /(\d+) passed/, failed: /(\d+) failed/ },
  { name: 'vitest', place: /^ *Tests {2}(?:\d+ \w+(?: \| )?)+.*$/gm, passed: /(\d+) passed/, failed: /(\d+) failed/ },
  { name: 'node --test', place: /^(?:#|ℹ) pass \d+\n(?:#|ℹ) fail \d+$/gm, passed: /pass (\d+)/, failed: /fail (\d+)/ },
  { name: 'pytest', place: /^(?:=+ )?(?:\d+ (?:passed|failed|errors?|skipped|xfailed|xpassed|warnings?|deselected)(?:, )?)+ in [\d.]+s.*$/gm, passed: /(\d+) passed/, failed: /(\d+) (?:failed|errors?)/ },
  { name: 'mocha', place: /^ *\d+ passing\b.*(?:\n *\d+ pending)?(?:\n *\d+ failing)?/gm, passed: /(\d+) passing/, failed: /(\d+) failing/ },
  { name: 'cargo test', place: /^test result: .*$/gm, passed: /(\d+) passed/, failed: /(\d+) failed/ },
];

const COLOURS = /\u001b\[[0-9;]*m/g;

/** The counts of passed and failed tests in the output of a known runner, else null. */
export function summarizeTests(output: string): (TestSummary & { readonly runner: string }) | null {
  const plain = output.replace(COLOURS, '').replaceAll('\r\n', '\n');
  for (const { name, place, passed, failed } of FORMATS) {
    const found = plain.match(place)?.at(-1);
    if (found) return { runner: name, passed: count(passed, found), failed: count(failed, found) };
  }
  return null;
}

function count(pattern: RegExp, text: string): number {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
