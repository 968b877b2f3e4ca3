import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { ownSide } from '../../schemas/observation-points.ts';
import type { SpanNames } from '../../schemas/trace-json.ts';
import type { WaterfallTrace } from './waterfall.ts';

/** What the waterfall shows of a trace record. @param noteOf more of a span, see WaterfallSpan */
export function toWaterfallTrace(
  trace: Trace,
  namesOf: (span: Span) => SpanNames | undefined,
  noteOf: (span: Span) => readonly string[] = () => [],
): WaterfallTrace {
  const spans = trace.spans.map((span) => ({
    ...span,
    ...resourceNamesOf(span, namesOf(span)),
    isLikely: false,
    note: noteOf(span),
    endpoint: [span.requestType, endpointOf(span)].filter((part) => part !== '').join(' '),
  }));
  return { ...trace, spans };
}

/** Where the side is that was seen. */
function resourceNamesOf(
  span: Span,
  names: SpanNames | undefined,
): { readonly service: string; readonly workload: string; readonly pod: string } {
  const { observationPoint } = span;
  const side = ownSide({ observationPoint, client: names?.clientNames, server: names?.serverNames });
  return {
    service: names?.serviceName ?? span.processName,
    workload: side?.['workload'] ?? '',
    pod: side?.['pod'] ?? '',
  };
}

/** The endpoint; without the request type where it begins with it, as SQL statements do. */
function endpointOf({ requestType, endpoint, requestResource }: Span): string {
  const text = endpoint === '' ? requestResource : endpoint;
  const rest = text.slice(requestType.length);
  return text.toUpperCase().startsWith(requestType.toUpperCase()) && /^(\s|$)/.test(rest) ? rest.trimStart() : text;
}
