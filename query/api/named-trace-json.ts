import type { Trace } from '../../schemas/generated/trace.ts';
import { type JsonObject, traceToJson } from '../../schemas/trace-json.ts';
import type { NamedTrace, OtherIds } from '../store/trace-store.ts';

type NameSpan = Parameters<typeof traceToJson>[1];

/** A trace by its public id as JSON, then what else it is known by; its spans come last. */
export function identifiedTraceToJson(
  trace: Trace,
  { storedTraceId, alsoCarriedBy }: OtherIds,
  name?: NameSpan,
): JsonObject {
  const { spans, ...head } = traceToJson(trace, name);
  return { ...head, stored_trace_id: storedTraceId, also_carried_by: alsoCarriedBy, spans: spans! };
}

/** A trace that was looked for as JSON. */
export function namedTraceToJson(named: NamedTrace): JsonObject {
  return identifiedTraceToJson(named.trace, named, (span) => named.names.get(span.spanId)!);
}
