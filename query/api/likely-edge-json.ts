import { type Reason, reasonSymbols } from '../../schemas/generated/span.ts';
import type { JsonObject } from '../../schemas/trace-json.ts';
import type { LikelyEdge } from '../store/trace-store.ts';

/** A likely edge as the API says it. */
export interface LikelyEdgeJson {
  readonly parent_trace_id: string;
  readonly parent_span_id: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly reason: string;
  readonly confidence: number;
}

/** For the API. */
export function likelyEdgeToJson(edge: LikelyEdge): JsonObject {
  return {
    parent_trace_id: edge.parentTraceId,
    parent_span_id: edge.parentSpanId,
    trace_id: edge.traceId,
    span_id: edge.spanId,
    reason: edge.reason,
    confidence: edge.confidence,
  };
}

/** From the API, or from a row of the database. */
export function likelyEdgeFromJson(edge: LikelyEdgeJson): LikelyEdge {
  return {
    parentTraceId: edge.parent_trace_id,
    parentSpanId: edge.parent_span_id,
    traceId: edge.trace_id,
    spanId: edge.span_id,
    reason: reasonSymbols.includes(edge.reason as Reason) ? (edge.reason as Reason) : 'unknown',
    confidence: edge.confidence,
  };
}
