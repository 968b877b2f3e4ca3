import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The same items; and undefined at intervals, also while the next item is waited for. Where reading ends before the items do,
 * the owner of the items closes them: one that is still waited for may never come.
 */
export async function* withTicks<Item extends object>(
  items: AsyncIterator<Item, void, undefined>,
  everyMs: number,
): AsyncGenerator<Item | undefined, void, undefined> {
  const ended = new AbortController();
  const tick = (): Promise<undefined> => sleep(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
  try {
    let [due, next] = [tick(), items.next()];
    for (;;) {
      // In this order, so that items that never keep us waiting do not hide the tick.
      const result = await Promise.race([due, next]);
      if (result === undefined) {
        yield undefined;
        due = tick();
        continue;
      }
      if (result.done === true) return;
      yield result.value;
      next = items.next();
    }
  } finally {
    ended.abort();
  }
}
