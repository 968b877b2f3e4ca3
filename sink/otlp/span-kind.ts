import type { Span } from '../../schemas/generated/span.ts';

/** SpanKind of opentelemetry.proto.trace.v1. */
export const spanKinds = { internal: 1, server: 2, client: 3 } as const;
export type SpanKind = keyof typeof spanKinds;

/** StatusCode of opentelemetry.proto.trace.v1; 1 (OK) is for the application to say. */
export const statusCodes = { unset: 0, error: 2 } as const;
export type StatusCode = keyof typeof statusCodes;

/** The side of the call that an observation point is on: `c-p` and `c-app` client, `s-p` and `s-app` server, others neither. */
export function kindOf({ observationPoint }: Pick<Span, 'observationPoint'>): SpanKind {
  const side = observationPoint.charCodeAt(0);
  if (side === 0x63) return 'client';
  return side === 0x73 ? 'server' : 'internal';
}

/**
 * By the semantic conventions ("Recording errors"; HTTP spans, "Status"): what failed is an error, but a request that the
 * server was right to refuse is one for the client only; all else is left unset.
 */
export function statusCodeOf({ status }: Pick<Span, 'status'>, kind: SpanKind): StatusCode {
  switch (status) {
    case 'server_error':
    case 'timeout':
    case 'closed':
      return 'error';
    case 'client_error':
      return kind === 'client' ? 'error' : 'unset';
    case 'ok':
    case 'unknown':
      return 'unset';
  }
}
