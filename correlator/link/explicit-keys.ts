import type { LinkSpan } from './link-store.ts';

/** Kinds of ids that applications pass on from span to span. */
export type ExplicitKeyKind = 'trace_id' | 'x_request_id';

/** Visits the ids by which a span belongs to others wherever they were seen. */
export function eachExplicitKey(span: LinkSpan, visit: (id: string, kind: ExplicitKeyKind) => void): void {
  const { headerTraceId, xRequestIdRequest, xRequestIdResponse } = span;
  if (headerTraceId !== '') visit(headerTraceId, 'trace_id');
  if (xRequestIdRequest !== '') visit(xRequestIdRequest, 'x_request_id');
  if (xRequestIdResponse !== '' && xRequestIdResponse !== xRequestIdRequest) visit(xRequestIdResponse, 'x_request_id');
}
