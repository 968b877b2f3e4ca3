/** Calls as they are stored: server-sent events, read with fetch so that the token goes along as with other requests. */
import { ApiError, isWorthRetrying } from '../api/api-error.ts';
import { ask, refusal } from '../api/ask.ts';
import { currentToken, tokenWasRefused } from '../api/token.ts';
import { withParameters } from '../shell/use-parameters.ts';
import type { Call } from './call-list.ts';
import type { CallFilter } from './calls-url.ts';
import { readEvents, type ServerEvent } from './read-events.ts';

/** What comes of it. */
export type CallEvent =
  | { readonly kind: 'calls'; readonly calls: readonly Call[] }
  | { readonly kind: 'skipped'; readonly count: number }
  | { readonly kind: 'connection'; readonly isConnected: boolean };

/** Waits between two attempts, in milliseconds: longer each time. */
const waits = [500, 1_000, 2_000, 5_000, 10_000] as const;

/**
 * Follows calls until the signal fires; a connection that ends is opened again.
 *
 * @throws ApiError when the API refuses what is asked for
 */
export async function* callEvents(filter: CallFilter, signal: AbortSignal): AsyncGenerator<CallEvent> {
  const hasEnded = (): boolean => signal.aborted;
  for (let failures = 0; !hasEnded(); failures++) {
    try {
      const response = await openTail(filter, signal);
      yield { kind: 'connection', isConnected: true };
      for await (const event of readEvents(chunksOf(response.body!))) {
        failures = 0;
        const read = callEvent(event);
        if (read !== undefined) yield read;
      }
    } catch (error) {
      if (hasEnded()) return;
      if (error instanceof ApiError && !isWorthRetrying(error)) throw error;
    }
    yield { kind: 'connection', isConnected: false };
    await pause(waits[Math.min(failures, waits.length - 1)]!, signal);
  }
}

async function openTail(filter: CallFilter, signal: AbortSignal): Promise<Response> {
  const response = await ask(withParameters('/api/spans/tail', { ...filter }), currentToken(), signal);
  if (response.status === 401) tokenWasRefused();
  if (!response.ok) throw await refusal(response);
  return response;
}

/** Not every browser iterates over a stream by itself. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** What an event says; undefined for one that this version does not know. */
export function callEvent({ event, data }: ServerEvent): CallEvent | undefined {
  if (event === 'spans') return { kind: 'calls', calls: JSON.parse(data) as readonly Call[] };
  if (event === 'skipped') return { kind: 'skipped', count: (JSON.parse(data) as { readonly count: number }).count };
  return undefined;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
