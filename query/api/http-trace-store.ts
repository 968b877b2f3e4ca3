import { PipelineError } from '../../core/errors.ts';
import { type SideNames, type SpanNames, traceFromJson } from '../../schemas/trace-json.ts';
import { likelyEdgeFromJson, type LikelyEdgeJson } from './likely-edge-json.ts';
import { traceFlowFromJson, type TraceFlowJson } from './trace-flow-json.ts';
import { summaryFromJson } from './summary-json.ts';
import { traceFilterParameters } from './trace-filter-parameters.ts';
import type { FoundTrace, TraceStore } from '../store/trace-store.ts';

const requestTimeoutMs = 30_000;

interface SpanJson {
  readonly span_id: string;
  readonly service_name: string;
  readonly client_service_name: string;
  readonly server_service_name: string;
  readonly client_names: SideNames;
  readonly server_names: SideNames;
}

/** What the API answered. */
export interface ApiResponse {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Asks the API for a path. @throws PipelineError DESTINATION_UNAVAILABLE if nothing answers in time */
export async function getJson(base: string, path: string, timeoutMs: number): Promise<ApiResponse> {
  try {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    return { status: response.status, body: objectOf(text) };
  } catch (error) {
    const message = `The query API at ${base} does not answer.`;
    throw new PipelineError('DESTINATION_UNAVAILABLE', message, { retryable: true, cause: error });
  }
}

/** What an answer says; nothing when it comes from something else than the API, such as the server below it or a proxy. */
function objectOf(text: string): ApiResponse['body'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as ApiResponse['body'];
  } catch {
    // A page.
  }
  return {};
}

function refused(base: string, { status, body }: ApiResponse): PipelineError {
  const texts = Array.isArray(body['problems']) ? body['problems'].map(String) : [`status ${status}`];
  const code = status < 500 ? 'DESTINATION_REFUSED' : 'DESTINATION_UNAVAILABLE';
  return new PipelineError(code, `The query API at ${base} refused: ${texts.join('; ')}.`);
}

/** Traces behind the API at this address. */
export function httpTraceStore(base: string): TraceStore {
  return {
    async listTraces(filter) {
      const response = await getJson(base, `/api/traces?${traceFilterParameters(filter).toString()}`, requestTimeoutMs);
      if (response.status !== 200 || !Array.isArray(response.body['traces'])) throw refused(base, response);
      return (response.body['traces'] as readonly unknown[]).map(summaryFromJson);
    },
    async findTrace(id): Promise<FoundTrace> {
      const response = await getJson(base, `/api/traces/${encodeURIComponent(id)}`, requestTimeoutMs);
      const { status, body } = response;
      if (status === 404) return { kind: 'missing' };
      if (status === 409) return { kind: 'ambiguous', traceIds: body['trace_ids'] as readonly string[] };
      if (status !== 200) throw refused(base, response);
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
      const response = await getJson(base, `/api/traces/${storedTraceId}/likely-edges`, requestTimeoutMs);
      // An API of a former version knows of none.
      if (response.status === 404) return [];
      if (response.status !== 200 || !Array.isArray(response.body['likely_edges'])) throw refused(base, response);
      return (response.body['likely_edges'] as readonly LikelyEdgeJson[]).map(likelyEdgeFromJson);
    },
    async traceFlows(storedTraceId) {
      const response = await getJson(base, `/api/traces/${storedTraceId}/flows`, requestTimeoutMs);
      // An API of a former version knows of none.
      if (response.status === 404) return [];
      if (response.status !== 200 || !Array.isArray(response.body['flows'])) throw refused(base, response);
      return (response.body['flows'] as readonly TraceFlowJson[]).map(traceFlowFromJson);
    },
    close: () => Promise.resolve(),
  };
}
