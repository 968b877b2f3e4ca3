import type { Span } from '../schemas/generated/span.ts';
import type { PointKind } from '../schemas/observation-points.ts';

/** StatusCode of opentelemetry.proto.trace.v1; 1 (OK) is for the application to say. */
export const statusCodes = { unset: 0, error: 2 } as const;
export type StatusCode = keyof typeof statusCodes;

/**
 * By the semantic conventions ("Recording errors"; HTTP spans, "Status"): what failed is an error, but a request that the
 * server was right to refuse is one for the client only; all else is left unset.
 */
export function statusCodeOf({ status }: Pick<Span, 'status'>, kind: PointKind): StatusCode {
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
