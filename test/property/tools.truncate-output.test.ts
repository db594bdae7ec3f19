import fc from 'fast-check';
import { type OutputCut, truncateOutput } from '../../src/tools/runner/truncate-output.js';

const mark = ({ offset, length, totalBytes }: OutputCut): string => `\n[${length} of ${totalBytes} bytes from ${offset}]\n`;
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 3_000 }), fc.array(fc.string({ maxLength: 60 }), { maxLength: 200 }).map((lines) => lines.join('\n')));

describe('a cut output', () => {
  it('fits, starts and ends as the whole does, and says exactly what is missing', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 120, max: 2_000 }), (whole, maxBytes) => {
        const total = Buffer.byteLength(whole);
        let cut: OutputCut | undefined;
        const result = truncateOutput(whole, maxBytes, (described) => mark((cut = described)));
        expect(Buffer.byteLength(result)).toBeLessThanOrEqual(maxBytes);
        if (total <= maxBytes) return expect(result).toBe(whole);
        if (!cut) throw new Error('It was not cut.');
        const bytes = Buffer.from(whole);
        const head = bytes.toString('utf8', 0, cut.offset);
        const tail = bytes.toString('utf8', cut.offset + cut.length);
        expect(result).toBe(head + mark(cut) + tail);
        expect(whole.startsWith(head) && whole.endsWith(tail)).toBe(true); // so no character was split
        expect(cut.totalBytes).toBe(total);
        return undefined;
      }),
      { numRuns: 500 },
    );
  });

  it('keeps about 40 % of what there is room for at the start and 60 % at the end', () => {
    const whole = 'x'.repeat(100_000);
    const result = truncateOutput(whole, 10_000, () => '|');
    expect([result.indexOf('|'), result.length]).toEqual([Math.floor(9_999 * 0.4), 10_000]);
  });

  it('is cut between lines where lines are not too long', () => {
    const whole = Array.from({ length: 500 }, (_, index) => `line ${index} of five hundred`).join('\n');
    const [head, tail] = truncateOutput(whole, 1_000, () => '|').split('|');
    expect(head?.endsWith('hundred\n')).toBe(true);
    expect(tail?.startsWith('line ')).toBe(true);
  });
});
