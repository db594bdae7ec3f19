import { z } from 'zod';
import { AppError, isId } from '../common/index.js';

const DEFAULT_PAGE_SIZE = 50;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const MAX_PAGE_SIZE = 200;

/** Query of every list: an opaque cursor from the page before, and a size. */
export const pageQuerySchema = z.strictObject({
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE),
});

export type PageQuery = z.output<typeof pageQuerySchema>;

export interface Page<Item> {
  readonly items: Item[];
  readonly nextCursor: string | null;
}

/** Position of a row in a list ordered by time, to the millisecond, and then by its UUID. */
export interface Cursor {
  readonly at: Date;
  readonly id: string;
}

/**
 * Makes a page out of `limit + 1` rows: the extra one only tells that there is more.
 */
export function toPage<Row, Item>(rows: readonly Row[], limit: number, position: (row: Row) => Cursor, present: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(present), nextCursor: rows.length > limit && last ? encodeCursor(position(last)) : null };
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.at.toISOString()}|${cursor.id}`).toString('base64url');
}

/**
 * Conditions for the rows behind a cursor in a list of the newest first. The outer one follows from the inner ones: an
 * index can begin at it, where `OR` alone would have it go through everything before the page.
 * @param idOrder of rows of the same time, default `asc`
 */
export function behind(column: string, cursor: Cursor | undefined, idOrder: 'asc' | 'desc' = 'asc'): { AND?: object[] } {
  if (!cursor) return {};
  const { at, id } = cursor;
  return { AND: [{ [column]: { lte: at } }, { OR: [{ [column]: { lt: at } }, { id: idOrder === 'asc' ? { gt: id } : { lt: id } }] }] };
}

/** @throws AppError `validation_failed` for anything that `encodeCursor` did not make: a cursor reaches the database's typed columns */
export function decodeCursor(cursor: string | undefined): Cursor | undefined {
  if (!cursor) return undefined;
  const [time = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split('|');
  const at = new Date(TIME.test(time) ? time : NaN);
  if (Number.isNaN(at.getTime()) || !isId(id)) throw new AppError('validation_failed', 'cursor: not one of ours. Use the nextCursor of the page before.');
  return { at, id };
}
