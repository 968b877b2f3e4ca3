import type { Protocol, SpanStatus } from '../../schemas/generated/span.ts';
import type { JsonObject } from '../../schemas/trace-json.ts';
import type { TraceSummary } from '../store/trace-store.ts';

/** A trace in a list as JSON: names as in the schema, Unix time as a decimal string. */
export function summaryToJson(summary: TraceSummary): JsonObject {
  return {
    trace_id: summary.traceId,
    revision: summary.revision,
    start_time_ns: String(summary.startTimeNs),
    duration_ns: summary.durationNs,
    span_count: summary.spanCount,
    error_count: summary.errorCount,
    root_count: summary.rootCount,
    root_service_name: summary.rootServiceName,
    root_protocol: summary.rootProtocol,
    root_request_type: summary.rootRequestType,
    root_endpoint: summary.rootEndpoint,
    root_status: summary.rootStatus,
    root_response_code: summary.rootResponseCode,
  };
}

/** What {@link summaryToJson} was given. */
export function summaryFromJson(value: unknown): TraceSummary {
  const object = value as Readonly<Record<string, string | number>>;
  const text = (name: string): string => String(object[name]);
  return {
    traceId: text('trace_id'),
    revision: Number(object['revision']),
    startTimeNs: BigInt(text('start_time_ns')),
    durationNs: Number(object['duration_ns']),
    spanCount: Number(object['span_count']),
    errorCount: Number(object['error_count']),
    rootCount: Number(object['root_count']),
    rootServiceName: text('root_service_name'),
    rootProtocol: text('root_protocol') as Protocol,
    rootRequestType: text('root_request_type'),
    rootEndpoint: text('root_endpoint'),
    rootStatus: text('root_status') as SpanStatus,
    rootResponseCode: Number(object['root_response_code']),
  };
}
