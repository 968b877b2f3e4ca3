import type { PagedTraceStore } from '../store/trace-store.ts';

/** A store without traces, but for what is given; for tests. */
export function storeWith(given: Partial<PagedTraceStore>): PagedTraceStore {
  return {
    listTraces: () => Promise.resolve({ traces: [] }),
    findTrace: () => Promise.resolve({ kind: 'missing' }),
    openTrace: () => Promise.resolve({ kind: 'missing' }),
    likelyEdges: () => Promise.resolve([]),
    traceFlows: () => Promise.resolve([]),
    ping: () => Promise.resolve(),
    close: () => Promise.resolve(),
    ...given,
  };
}
