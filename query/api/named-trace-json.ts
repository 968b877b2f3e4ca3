import type { Trace } from '../../schemas/generated/trace.ts';
import { type JsonObject, traceToJson } from '../../schemas/trace-json.ts';
import type { NamedTrace, OtherIds } from '../store/trace-store.ts';
import { storedSpanToJson } from './reported-details-json.ts';

/** A trace without spans by its public id as JSON, then what else it is known by; the place of its spans comes last. */
export function identifiedTraceToJson(trace: Trace, { storedTraceId, alsoCarriedBy }: OtherIds): JsonObject {
  const head = traceToJson({ ...trace, spans: [] });
  return { ...head, stored_trace_id: storedTraceId, also_carried_by: alsoCarriedBy, spans: [] };
}

/** A trace that was looked for as JSON. */
export function namedTraceToJson(named: NamedTrace): JsonObject {
  const spans = named.trace.spans.map((span) => storedSpanToJson(span, named.names.get(span.spanId)!));
  return { ...identifiedTraceToJson(named.trace, named), spans };
}
