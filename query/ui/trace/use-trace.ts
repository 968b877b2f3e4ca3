import { useEffect, useMemo, useState } from 'react';
import { ApiError } from '../api/api-error.ts';
import { currentToken, tokenWasRefused } from '../api/token.ts';
import type { TraceModel } from './model/trace-model.ts';
import type { TraceReply, TraceRequest } from './worker/messages.ts';

/** A trace on its way into the page. */
export type LoadingTrace =
  | { readonly kind: 'reading'; readonly spans: number }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'read'; readonly model: TraceModel };

/** Reads a trace in a worker, once for each attempt. */
export function useTrace(id: string): { readonly state: LoadingTrace; readonly retry: () => void } {
  const [attempt, setAttempt] = useState(0);
  const key = `${id} ${attempt}`;
  const [loaded, setLoaded] = useState<{ readonly key: string; readonly state: LoadingTrace }>();
  useEffect(() => {
    const reader = new TraceReader(id, (state) => setLoaded({ key, state }));
    return () => reader.end();
  }, [id, key]);
  const state = useMemo<LoadingTrace>(
    () => (loaded?.key === key ? loaded.state : { kind: 'reading', spans: 0 }),
    [loaded, key],
  );
  return { state, retry: () => setAttempt(attempt + 1) };
}

/** The page's end of the worker. */
class TraceReader {
  readonly #worker = new Worker(new URL('./worker/trace-worker.ts', import.meta.url), { type: 'module' });
  readonly #change: (state: LoadingTrace) => void;

  constructor(id: string, change: (state: LoadingTrace) => void) {
    this.#change = change;
    this.#worker.addEventListener('message', ({ data }: MessageEvent<TraceReply>) => this.#hear(data));
    this.#worker.addEventListener('error', ({ message }) =>
      change({ kind: 'failed', error: new ApiError(0, [message || 'the script that reads traces failed']) }),
    );
    const request: TraceRequest = { path: `/api/traces/${encodeURIComponent(id)}/outline`, token: currentToken() };
    this.#worker.postMessage(request);
  }

  end(): void {
    this.#worker.terminate();
  }

  #hear(reply: TraceReply): void {
    switch (reply.kind) {
      case 'progress':
        this.#change({ kind: 'reading', spans: reply.spans });
        return;
      case 'model':
        this.#change({ kind: 'read', model: reply.model });
        this.#worker.terminate();
        return;
      case 'failed':
        if (reply.status === 401) tokenWasRefused();
        this.#change({ kind: 'failed', error: new ApiError(reply.status, reply.problems, reply.body) });
    }
  }
}
