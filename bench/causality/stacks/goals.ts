/** Smallest shares of right parents that are aimed at, by how sure the cause of a call can be known. */
export const goals = {
  /** A thread, a turn of an event loop or a coroutine belongs to a request. */
  known: 0.999,
  /** A proxy that changes connections. */
  proxied: 0.99,
  /** Work is handed to threads of a pool, or written in a later turn of a loop. */
  handedOver: 0.95,
  /** Nothing says it: no parent is expected, and none that is wrong. */
  none: 0,
} as const;
