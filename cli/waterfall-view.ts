import type { Span } from '../schemas/generated/span.ts';
import type { Trace } from '../schemas/generated/trace.ts';
import type { WaterfallTrace } from './waterfall.ts';

/** What the waterfall shows of a trace record. */
export function waterfallOf(trace: Trace, serviceNameOf: (span: Span) => string): WaterfallTrace {
  const spans = trace.spans.map((span) => ({
    ...span,
    service: serviceNameOf(span),
    endpoint: [span.requestType, endpointOf(span)].filter((part) => part !== '').join(' '),
  }));
  return { ...trace, spans };
}

/** The endpoint; without the request type where it begins with it, as SQL statements do. */
function endpointOf({ requestType, endpoint, requestResource }: Span): string {
  const text = endpoint === '' ? requestResource : endpoint;
  const rest = text.slice(requestType.length);
  return text.toUpperCase().startsWith(requestType.toUpperCase()) && /^(\s|$)/.test(rest) ? rest.trimStart() : text;
}
