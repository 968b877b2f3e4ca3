import type { LinkSpan } from './link-store.ts';

/** An id that the application passes on from span to span. */
export interface ExplicitKey {
  readonly kind: 'trace_id' | 'x_request_id';
  readonly key: string;
}

/** The ids by which a span belongs to others wherever they were seen. */
export function explicitKeys(span: LinkSpan): readonly ExplicitKey[] {
  const { headerTraceId, xRequestIdRequest, xRequestIdResponse } = span;
  if (headerTraceId === '' && xRequestIdRequest === '' && xRequestIdResponse === '') return [];
  const keys: ExplicitKey[] = [];
  if (headerTraceId !== '') keys.push({ kind: 'trace_id', key: `h${headerTraceId}` });
  if (xRequestIdRequest !== '') keys.push({ kind: 'x_request_id', key: `x${xRequestIdRequest}` });
  if (xRequestIdResponse !== '' && xRequestIdResponse !== xRequestIdRequest)
    keys.push({ kind: 'x_request_id', key: `x${xRequestIdResponse}` });
  return keys;
}
