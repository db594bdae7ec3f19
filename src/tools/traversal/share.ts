/** One of `of` parts of a set of paths. */
export interface Share {
  /** Counted from 0. */
  readonly index: number;
  readonly of: number;
}

/** Whether a path belongs to a share, the same in every walk it comes up in: FNV-1a over its UTF-16 units. */
export function isInShare(path: string, { index, of }: Share): boolean {
  if (of === 1) return true;
  let hash = 0x811c9dc5;
  for (let position = 0; position < path.length; position++) hash = Math.imul(hash ^ path.charCodeAt(position), 0x01000193);
  return (hash >>> 0) % of === index;
}
