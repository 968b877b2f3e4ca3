import type { Span } from '../../schemas/generated/span.ts';
import { querySummary } from './query-summary.ts';

/** Methods that the HTTP conventions know (RFC 9110, and PATCH of RFC 5789). */
export const httpMethods: ReadonlySet<string> = new Set([
  'CONNECT',
  'DELETE',
  'GET',
  'HEAD',
  'OPTIONS',
  'PATCH',
  'POST',
  'PUT',
  'TRACE',
]);

/**
 * Name of a span, of low cardinality and never empty: method and path template for HTTP, the summary of a statement for
 * SQL, the command for Redis, type and template of the name for DNS.
 */
export function spanName({ protocol, requestType, endpoint, requestDomain }: Span): string {
  switch (protocol) {
    case 'http1': {
      const method = httpMethods.has(requestType) ? requestType : 'HTTP';
      return endpoint === '' ? method : `${method} ${endpoint}`;
    }
    case 'mysql':
    case 'postgresql':
      return querySummary(endpoint) || joined(requestType, requestDomain) || protocol;
    case 'redis':
      return requestType || protocol;
    case 'dns':
      return joined(requestType, endpoint) || protocol;
    case 'unknown':
      return joined(requestType, endpoint) || protocol;
  }
}

function joined(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left} ${right}`;
}
