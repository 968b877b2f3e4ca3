import type { LinkSpan } from './link-store.ts';

/** Kinds of ids that applications pass on from span to span. */
export type ExplicitKeyKind = 'trace_id' | 'x_request_id';

/** Visits the ids by which a span belongs to others wherever they were seen, each as a key among all kinds. */
export function eachExplicitKey(span: LinkSpan, visit: (key: string, kind: ExplicitKeyKind) => void): void {
  const { headerTraceId, xRequestIdRequest, xRequestIdResponse } = span;
  if (headerTraceId !== '') visit(`h${headerTraceId}`, 'trace_id');
  if (xRequestIdRequest !== '') visit(`x${xRequestIdRequest}`, 'x_request_id');
  if (xRequestIdResponse !== '' && xRequestIdResponse !== xRequestIdRequest)
    visit(`x${xRequestIdResponse}`, 'x_request_id');
}
