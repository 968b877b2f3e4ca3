import type { RouteContext } from '../http/define-route.ts';
import { type OpenedOtelTrace, openOtelTrace } from '../opentelemetry/open-otel-trace.ts';
import type { TraceSummary } from '../store/trace-store.ts';

export type FoundOtelTrace = Extract<OpenedOtelTrace, { kind: 'found' }>;

/** Listed traces with their spans, one after the other. One that is gone meanwhile is left out. */
export async function* readTraces(
  traces: readonly Pick<TraceSummary, 'traceId'>[],
  context: RouteContext,
): AsyncGenerator<FoundOtelTrace> {
  for (const { traceId } of traces) {
    const opened = await openOtelTrace(traceId, context);
    if (opened.kind === 'found') yield opened;
  }
}

/** One trace as a list. */
// eslint-disable-next-line @typescript-eslint/require-await -- the other source of traces waits
export async function* onlyTrace(trace: FoundOtelTrace): AsyncGenerator<FoundOtelTrace> {
  yield trace;
}
