/**
 * No iteration can emit this many events (a model answer is bounded in bytes). A run that another takes
 * from its holder goes on numbering beyond everything a client may have seen, so that what follows is news
 * to each of them (I2: they get a snapshot, never a number twice).
 */
export const UNSEEN_SEQ_GAP = 50_000_000;
