import { type JsonObject, traceToJson } from '../schemas/trace-json.ts';
import type { NamedTrace } from './trace-store.ts';

/** A trace that was looked for as JSON: the record with its public id, then what else it is known by. */
export function namedTraceToJson({ trace, names, storedTraceId, alsoCarriedBy }: NamedTrace): JsonObject {
  const { spans, ...head } = traceToJson(trace, (span) => names.get(span.spanId)!);
  return { ...head, stored_trace_id: storedTraceId, also_carried_by: alsoCarriedBy, spans: spans! };
}
