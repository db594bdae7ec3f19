import fc from 'fast-check';
import { AppError } from '../../src/common/index.js';
import { type Cursor, decodeCursor, encodeCursor, type Page, toPage } from '../../src/http/index.js';

const cursors: fc.Arbitrary<Cursor> = fc.record({
  at: fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  id: fc.uuid({ version: 7 }),
});

describe('page cursors', () => {
  it('come back as they were made', () => {
    fc.assert(fc.property(cursors, (cursor) => expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)));
  });

  it('are refused, not passed to the database, when they are not ours', () => {
    const forged = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1 }).map((text) => Buffer.from(text).toString('base64url')),
      fc.tuple(fc.string(), fc.string()).map((parts) => Buffer.from(parts.join('|')).toString('base64url')),
      fc.constantFrom('2026-01-01|x', '2026-13-41T00:00:00.000Z|01890000-0000-7000-8000-000000000000', '-271821-04-20T00:00:00.000Z|01890000-0000-7000-8000-000000000000').map((text) => Buffer.from(text).toString('base64url')),
    );
    fc.assert(
      fc.property(forged, (text) => {
        expect(() => decodeCursor(text)).toThrow(AppError);
      }),
    );
  });

  it('lead through every row once, in order, whatever the size of a page', () => {
    fc.assert(
      fc.property(fc.uniqueArray(cursors, { selector: (row) => row.id, maxLength: 40 }), fc.integer({ min: 1, max: 10 }), (rows, limit) => {
        const ordered = [...rows].sort(compare);
        const seen: string[] = [];
        let next: string | null = '';
        for (let pages = 0; next !== null; pages++) {
          expect(pages).toBeLessThanOrEqual(rows.length);
          const page: Page<string> = read(ordered, limit, next || undefined);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items);
          next = page.nextCursor;
        }
        expect(seen).toEqual(ordered.map((row) => row.id));
      }),
    );
  });
});

/** What a query with ORDER BY at, id and LIMIT does. */
function read(ordered: readonly Cursor[], limit: number, cursor: string | undefined): Page<string> {
  const after = decodeCursor(cursor);
  const rows = ordered.filter((row) => !after || compare(row, after) > 0).slice(0, limit + 1);
  return toPage(rows, limit, (row) => row, (row) => row.id);
}

function compare(a: Cursor, b: Cursor): number {
  return a.at.getTime() - b.at.getTime() || a.id.localeCompare(b.id);
}
