import fc from 'fast-check';
import { SseParser } from '../../src/models/transport/sse-parser.js';

interface Heard {
  readonly events: string[];
  readonly strayLines: string[];
}

function parse(pieces: readonly Buffer[]): Heard {
  const heard: Heard = { events: [], strayLines: [] };
  const parser = new SseParser({ onEvent: (data) => heard.events.push(data), onStrayLine: (line) => heard.strayLines.push(line) });
  for (const piece of pieces) parser.push(piece);
  parser.end();
  return heard;
}

function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const cuts = [...new Set(positions.map((position) => position % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((start, index) => bytes.subarray(start, cuts[index] ?? bytes.length));
}

/** Text without line ends, which no line can contain; everything else is fair, U+2028 and emoji included. */
const lineText = fc.string({ unit: fc.oneof(fc.constantFrom('a', ' ', ':', '"', '\u2028', '\u0085', 'é', '漢', '🦥', '{', '\\'), fc.string({ minLength: 1, maxLength: 1 })) }).map((text) => text.replace(/[\r\n]/g, '·'));
const lineEnd = fc.constantFrom('\n', '\r\n', '\r');

describe('SSE parser', () => {
  it('reads the same events however the bytes are cut', () => {
    const line = fc.oneof(
      lineText.map((text) => `data: ${text}`),
      lineText.map((text) => `data:${text}`),
      fc.constantFrom('', ': keep-alive', 'event: message', 'id: 7', 'retry: 100', 'data', '<html>', '{"error": {'),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(line, lineEnd)), fc.array(fc.nat(), { maxLength: 40 }), (lines, positions) => {
        const bytes = Buffer.from(lines.map(([text, end]) => text + end).join(''));
        const whole = parse([bytes]);
        expect(parse(cutAt(bytes, positions))).toEqual(whole);
        expect(parse([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
      }),
      { numRuns: 300 },
    );
  });

  it('gives back exactly the payloads that were sent, in any framing', () => {
    const framing = fc.record({ end: lineEnd, space: fc.constantFrom('', ' '), noise: fc.constantFrom('', ': ping', 'event: message'), endsProperly: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.json(), { minLength: 1 }), framing, fc.array(fc.nat(), { maxLength: 20 }), (payloads, { end, space, noise, endsProperly }, positions) => {
        const events = payloads.map((payload) => `${noise ? noise + end : ''}data:${space}${payload}${end}${end}`).join('');
        const bytes = Buffer.from(endsProperly ? events : events.replace(/[\r\n]+$/, ''));
        const heard = parse(cutAt(bytes, positions));
        expect(heard.events.map((data) => data.trim())).toEqual(payloads.map((payload) => payload.trim()));
        expect(heard.strayLines).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (pieces) => {
        parse(pieces.map((piece) => Buffer.from(piece)));
      }),
    );
  });

  it('joins the data lines of one event and skips a byte order mark', () => {
    expect(parse([Buffer.from('\ufeffdata: a\ndata: b\n\n')]).events).toEqual(['a\nb']);
  });

  it('marks only an event that the stream left unterminated', () => {
    const marks: boolean[] = [];
    const parser = new SseParser({ onEvent: (_data, isUnterminated) => marks.push(isUnterminated), onStrayLine: () => undefined });
    parser.push(Buffer.from('data: a\n\ndata: b'));
    parser.end();
    expect(marks).toEqual([false, true]);
  });

  it('reads an event of 8 MiB in small pieces in linear time', () => {
    const megabytes = (count: number): number => {
      const bytes = Buffer.from(`data: {"text":"${'x'.repeat(count * 1024 * 1024)}"}\n\n`);
      const pieces = Array.from({ length: Math.ceil(bytes.length / 1400) }, (_, index) => bytes.subarray(index * 1400, (index + 1) * 1400));
      const start = process.cpuUsage();
      expect(parse(pieces).events).toHaveLength(1);
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    megabytes(1);
    // Quadratic work would be minutes here; linear work is some tens of milliseconds.
    expect(megabytes(8)).toBeLessThan(1_500);
  });
});
