import { z } from 'zod';
import { protocolSymbols, spanStatusSymbols } from '../../schemas/generated/span.ts';
import type { TraceSummary } from '../store/trace-store.ts';

/** A trace in a list as JSON: names as in the schema, Unix time as a decimal string. */
export const traceSummaryJson = z.object({
  trace_id: z.string().meta({ description: 'Its public id.' }),
  revision: z.number(),
  start_time_ns: z.string().meta({ description: 'Unix time in nanoseconds.' }),
  duration_ns: z.number(),
  span_count: z.int(),
  error_count: z.int(),
  root_count: z.int().meta({ description: 'Spans without a parent; 1 in a complete trace.' }),
  root_service_name: z.string(),
  root_protocol: z.enum(protocolSymbols),
  root_request_type: z.string(),
  root_endpoint: z.string(),
  root_status: z.enum(spanStatusSymbols),
  root_response_code: z.int(),
});
type TraceSummaryJson = z.infer<typeof traceSummaryJson>;

/** For the API. */
export function summaryToJson(summary: TraceSummary): TraceSummaryJson {
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
export function summaryFromJson(json: TraceSummaryJson): TraceSummary {
  return {
    traceId: json.trace_id,
    revision: json.revision,
    startTimeNs: BigInt(json.start_time_ns),
    durationNs: json.duration_ns,
    spanCount: json.span_count,
    errorCount: json.error_count,
    rootCount: json.root_count,
    rootServiceName: json.root_service_name,
    rootProtocol: json.root_protocol,
    rootRequestType: json.root_request_type,
    rootEndpoint: json.root_endpoint,
    rootStatus: json.root_status,
    rootResponseCode: json.root_response_code,
  };
}
