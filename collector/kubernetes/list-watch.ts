/**
 * Follows one kind of object by the list and watch protocol of Kubernetes:
 *
 *   list in pages → all objects and a resourceVersion → watch from there → events, bookmarks → …
 *
 * A watch that ends or fails continues from the last version that it reported. If the server no longer has that version
 * (410 Gone, as status or as an event), and at intervals in any case, everything is listed again.
 */
import type { Sleep } from '../../core/stage/retry.ts';
import { type ApiClient, ApiError, errorOfEvent, unreadable } from './api-client.ts';
import { listAt, textAt } from './json.ts';

/** How a kind is followed. */
export interface ListWatchOptions {
  readonly client: ApiClient;
  readonly path: string;
  readonly pageSize: number;
  /** Everything is listed again after this time. */
  readonly resyncMs: number;
  readonly signal: AbortSignal;
  readonly sleep: Sleep;
  /** From 0 to 1: instances that lost the same server must not come back at the same moment. */
  readonly random: () => number;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Receives the objects of a kind, as the server returns them. */
export interface ListWatchEvents {
  /** A list begins: what the former one brought so far counts no more. */
  listBegins(): void;
  page(objects: readonly unknown[]): void;
  /** The pages since the beginning are all there is. */
  listed(): void;
  put(object: unknown): void;
  removed(object: unknown): void;
  /** Why it lists again, or continues after a pause. */
  failed(error: ApiError, pauseMs: number): void;
  /** The server is heard of again. */
  recovered(): void;
}

const gone = 410;
const badRequest = 400;
const initialPauseMs = 500;
const maximumPauseMs = 10_000;
const listSilenceMs = 60_000;
/** Bookmarks come about every minute: without them the connection is dead. */
const watchSilenceMs = 180_000;
/** The server ends a watch after this time, and a little more by chance. */
const watchSeconds = 300;

/** Follows until the signal fires. @throws only what is a bug */
export async function listAndWatch(options: ListWatchOptions, events: ListWatchEvents): Promise<void> {
  const { signal, sleep, random, now } = options;
  let version: string | undefined;
  let listAtMs = 0;
  let failures = 0;
  let expirations = 0;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      if (version === undefined || now() >= listAtMs) {
        version = await list(options, events);
        listAtMs = now() + options.resyncMs * (0.9 + 0.2 * random());
      }
      let isSilent = true;
      for await (const change of watch(options, version)) {
        if (failures > 0) events.recovered();
        failures = 0;
        expirations = 0;
        isSilent = false;
        version = change.version;
        if (change.kind === 'put') events.put(change.object);
        else if (change.kind === 'removed') events.removed(change.object);
      }
      // It ended at once, and may do so again.
      if (isSilent) await sleep(initialPauseMs * (0.5 + random()), signal);
    } catch (error) {
      if (isOver()) return;
      if (!(error instanceof ApiError)) throw error;
      // From this version on there is nothing, or nothing that can be read.
      if ([gone, unreadable, badRequest].includes(error.status)) version = undefined;
      // Who answers that is there: listing need not wait, unless that is all it says.
      failures = error.status === gone ? Math.min(failures, expirations++) : failures;
      const pauseMs = pauseAfter(failures++, error, random());
      events.failed(error, pauseMs);
      await sleep(pauseMs, signal);
    }
  }
}

/** The first failure is most often a connection that was closed: it is tried again almost at once. */
function pauseAfter(failures: number, error: ApiError, chance: number): number {
  const pauseMs = failures === 0 ? 10 : Math.min(maximumPauseMs, initialPauseMs * 2 ** Math.min(10, failures - 1));
  return Math.max(error.retryAfterMs, pauseMs * (0.5 + chance));
}

async function list(options: ListWatchOptions, events: ListWatchEvents): Promise<string> {
  const { client, path, pageSize, signal } = options;
  events.listBegins();
  let token = '';
  for (;;) {
    const query: Record<string, string> = { limit: String(pageSize), ...(token === '' ? {} : { continue: token }) };
    const page = await client.json({ path, query, signal, silenceMs: listSilenceMs });
    events.page(listAt(page, 'items'));
    token = textAt(page, 'metadata', 'continue');
    if (token !== '') continue;
    const version = textAt(page, 'metadata', 'resourceVersion');
    if (version === '') throw new ApiError(0, 'The list has no resourceVersion.');
    events.listed();
    return version;
  }
}

interface Told {
  readonly kind: 'put' | 'removed' | 'bookmark';
  readonly object: unknown;
  readonly version: string;
}

async function* watch(options: ListWatchOptions, version: string): AsyncGenerator<Told> {
  const { client, path, signal, random } = options;
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion: version,
    timeoutSeconds: String(Math.round(watchSeconds * (1 + random()))),
  };
  for await (const event of client.lines({ path, query, signal, silenceMs: watchSilenceMs })) {
    const type = textAt(event, 'type');
    const object = (event as { readonly object?: unknown }).object;
    if (type === 'ERROR') throw errorOfEvent(object);
    const kind = type === 'ADDED' || type === 'MODIFIED' ? 'put' : type === 'DELETED' ? 'removed' : 'bookmark';
    if (kind === 'bookmark' && type !== 'BOOKMARK') continue;
    const newVersion = textAt(object, 'metadata', 'resourceVersion');
    if (newVersion !== '') yield { kind, object, version: newVersion };
  }
}
