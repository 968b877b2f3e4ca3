import type { LinkSpan } from './link-store.ts';

/** Kinds of ids that applications pass on from span to span. */
export type ExplicitKeyKind = 'trace_id' | 'x_request_id';

/** Visits the explicit ids that a span carries. */
export function eachExplicitKey(span: LinkSpan, visit: (id: string, kind: ExplicitKeyKind) => void): void {
  const { headerTraceId, xRequestIdRequest, xRequestIdResponse } = span;
  if (headerTraceId !== '') visit(headerTraceId, 'trace_id');
  if (xRequestIdRequest !== '') visit(xRequestIdRequest, 'x_request_id');
  if (xRequestIdResponse !== '' && xRequestIdResponse !== xRequestIdRequest) visit(xRequestIdResponse, 'x_request_id');
}
