import type { Reader } from '../store/read-limits.ts';

/** A database in which nothing is found; for tests. */
export const emptyReader: Reader = { select: () => Promise.resolve([]) };
