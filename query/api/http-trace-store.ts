import { type SpanNames, traceFromJson } from '../../schemas/trace-json.ts';
import type { FoundTrace, TraceStore } from '../store/trace-store.ts';
import { apiClient } from './api-client.ts';
import { filterValues } from './filter-parameters.ts';
import { likelyEdgeFromJson } from './likely-edge-json.ts';
import { positionOf } from './cursor-parameter.ts';
import { getTrace } from './routes/get-trace.ts';
import { likelyEdges } from './routes/likely-edges.ts';
import { listTraces } from './routes/list-traces.ts';
import { traceFlows } from './routes/trace-flows.ts';
import { summaryFromJson } from './summary-json.ts';
import { traceFlowFromJson } from './trace-flow-json.ts';
import type { SpanJson } from './trace-json-schema.ts';

/** Traces behind the API at this address. @param token SPANLOOM_QUERY_TOKEN, if the API has one */
export function httpTraceStore(base: string, token?: string): TraceStore {
  const client = apiClient(base, token);
  return {
    async listTraces(filter) {
      const { sort, limit, after } = filter;
      const query = { ...filterValues(filter), sort, limit, ...(after === undefined ? {} : { cursor: after }) };
      const { traces, next_cursor: nextCursor } = await client.answer(listTraces, { path: {}, query });
      const next = positionOf(nextCursor);
      return { traces: traces.map(summaryFromJson), ...(next === undefined ? {} : { next }) };
    },
    async findTrace(id): Promise<FoundTrace> {
      const response = await client.ask(getTrace, { path: { id }, query: {} });
      const { status, body } = response;
      if (status === 404) return { kind: 'missing' };
      if (status === 409) return { kind: 'ambiguous', traceIds: body['trace_ids'] as readonly string[] };
      if (status !== 200) throw client.refused(response);
      const names = new Map<string, SpanNames>(
        (body['spans'] as readonly SpanJson[]).map((span) => [
          span.span_id,
          {
            serviceName: span.service_name,
            clientServiceName: span.client_service_name,
            serverServiceName: span.server_service_name,
            clientNames: span.client_names,
            serverNames: span.server_names,
          },
        ]),
      );
      // An API of a former version knows of one id only.
      const storedTraceId = String(body['stored_trace_id'] ?? body['trace_id']);
      const alsoCarriedBy = (body['also_carried_by'] ?? []) as readonly string[];
      const trace = traceFromJson({ carried_trace_id: '', ...body });
      return { kind: 'found', named: { trace, names, storedTraceId, alsoCarriedBy } };
    },
    async likelyEdges(storedTraceId) {
      const answer = await client.answerIfKnown(likelyEdges, { path: { id: storedTraceId }, query: {} });
      return (answer?.likely_edges ?? []).map(likelyEdgeFromJson);
    },
    async traceFlows(storedTraceId) {
      const answer = await client.answerIfKnown(traceFlows, { path: { id: storedTraceId }, query: {} });
      return (answer?.flows ?? []).map(traceFlowFromJson);
    },
    close: () => Promise.resolve(),
  };
}
