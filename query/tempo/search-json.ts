import { spanName } from '../../opentelemetry/span-name.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import type { JsonObject } from '../../schemas/trace-json.ts';
import { rootName } from '../opentelemetry/root-name.ts';
import type { MatchedSpanRow } from '../store/matched-spans-sql.ts';
import type { TraceSummary } from '../store/trace-store.ts';

/** A trace of a search with those of its spans that match. */
export function foundTraceJson(trace: TraceSummary, spans: readonly MatchedSpanRow[]): JsonObject {
  const spanSet: JsonObject = { spans: spans.map(matchedSpanJson), matched: spans[0]?.matched ?? 0 };
  return {
    traceID: trace.traceId,
    rootServiceName: trace.rootServiceName,
    rootTraceName: rootName(trace),
    startTimeUnixNano: String(trace.startTimeNs),
    durationMs: Math.floor(trace.durationNs / 1e6),
    // The former form beside the present one: readers take the one they know.
    spanSet,
    spanSets: [spanSet],
  };
}

function matchedSpanJson(row: MatchedSpanRow): JsonObject {
  const attribute = (key: string, text: string): JsonObject => ({ key, value: { stringValue: text } });
  return {
    spanID: row.span_id,
    name: spanName({
      protocol: row.protocol as Protocol,
      requestType: row.request_type,
      requestDomain: row.request_domain,
      endpoint: row.endpoint,
    }),
    startTimeUnixNano: row.start_time_ns,
    durationNanos: String(Math.max(row.duration_ns, 0)),
    attributes: [attribute('service.name', row.service), ...(row.is_error === 1 ? [attribute('status', 'error')] : [])],
  };
}
