import fc from 'fast-check';
import { toLinePattern } from '../../src/tools/traversal/line-pattern.js';
import { searchText } from '../../src/tools/traversal/search-text.js';

/** Texts in which matches are likely, with all kinds of line ends. */
const text = fc.array(fc.stringMatching(/^[ab .\t"\\-]{0,12}$/), { maxLength: 12 }).chain((lines) => fc.constantFrom('\n', '\r\n', '\n\n').map((end) => lines.join(end)));
const atom = fc.constantFrom('a', 'b', '.', '\\s', '\\S', '\\w', '\\W', '\\d', '\\D', '[ab]', '[^a]', '[^ab]', '[\\s\\S]', '[\\t-\\r ]', '\\t', '\\.', '"', '(?:a|b)', '(a)', '\\bb');
const regex = fc.tuple(fc.constantFrom('', '^'), fc.array(fc.tuple(atom, fc.constantFrom('', '?', '*', '+', '{1,2}', '+?')).map((parts) => parts.join('')), { minLength: 1, maxLength: 4 }), fc.constantFrom('', '$')).map(
  ([start, atoms, end]) => start + atoms.join('') + end,
);

/** What grep would do: each line on its own, as a person would write it. */
function naively(content: string, pattern: RegExp): { number: number; text: string }[] {
  const lines = content.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.flatMap((line, index) => (pattern.test(line) ? [{ number: index + 1, text: line.replace(/\r$/, '') }] : []));
}

const matchingLines = (content: string, pattern: RegExp) => searchText(content, pattern, 0, Infinity)?.shown.map(({ number, text: shown }) => ({ number, text: shown })) ?? [];

describe('a search over a whole text finds the lines that a search line by line finds', () => {
  it('for regular expressions', () => {
    fc.assert(
      fc.property(text, regex, (content, source) => {
        // `m`, so that `$` sees the end of a line before its carriage return, as the search does.
        expect(matchingLines(content, toLinePattern({ query: source, isRegex: true, isCaseSensitive: true }))).toEqual(naively(content, new RegExp(source, 'm')));
      }),
      { numRuns: 2_000 },
    );
  });

  it('for plain text, with the right number of matches', () => {
    fc.assert(
      fc.property(text, fc.stringMatching(/^[abAB ."\\-]{1,3}$/), fc.boolean(), (content, query, isCaseSensitive) => {
        const fold = (value: string): string => (isCaseSensitive ? value : value.toLowerCase());
        const found = searchText(content, toLinePattern({ query, isRegex: false, isCaseSensitive }), 0, Infinity);
        const perLine = content.split('\n').map((line) => fold(line).split(fold(query)).length - 1);
        expect(found?.matches ?? 0).toBe(perLine.reduce((sum, count) => sum + count, 0));
        expect(found?.matchingLines ?? 0).toBe(perLine.filter((count) => count > 0).length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('and shows context as grep does, each line once and in order', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 4 }), (content, contextLines, maxLines) => {
        const hits = naively(content, /a/).map(({ number }) => number).slice(0, maxLines);
        const lines = content.split('\n');
        if (lines.at(-1) === '') lines.pop();
        const wanted = lines.flatMap((line, index) => {
          const number = index + 1;
          return hits.some((hit) => Math.abs(hit - number) <= contextLines) ? [{ number, text: line.replace(/\r$/, ''), isMatch: hits.includes(number) }] : [];
        });
        expect(searchText(content, toLinePattern({ query: 'a', isRegex: false, isCaseSensitive: true }), contextLines, maxLines)?.shown ?? []).toEqual(wanted);
      }),
      { numRuns: 1_000 },
    );
  });
});
