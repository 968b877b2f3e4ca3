import { z } from 'zod';
import { type Reason, reasonSymbols } from '../../schemas/generated/span.ts';
import type { LikelyEdge } from '../store/trace-store.ts';

/** A likely edge as the API says it. */
export const likelyEdgeJson = z.object({
  parent_trace_id: z.string().meta({ description: 'The id that the trace is stored by.' }),
  parent_span_id: z.string(),
  trace_id: z.string().meta({ description: 'The id that the trace is stored by.' }),
  span_id: z.string(),
  reason: z.string(),
  confidence: z.number().meta({ description: 'Probability that it is the parent.' }),
});
export type LikelyEdgeJson = z.infer<typeof likelyEdgeJson>;

/** For the API. */
export function likelyEdgeToJson(edge: LikelyEdge): LikelyEdgeJson {
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
