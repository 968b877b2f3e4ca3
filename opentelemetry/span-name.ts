import type { Span } from '../schemas/generated/span.ts';
import { conventionsOf } from '../protocols/conventions.ts';
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
 * databases that have statements, the command for others, type and template of the name for DNS. A span that an application
 * reported has its name from there.
 */
export function spanName({
  protocol,
  requestType,
  endpoint,
  requestDomain,
  signalSource,
}: Pick<Span, 'protocol' | 'requestType' | 'endpoint' | 'requestDomain'> &
  Partial<Pick<Span, 'signalSource'>>): string {
  if (signalSource === 'otel' && endpoint !== '') return endpoint;
  const conventions = conventionsOf(protocol);
  switch (conventions?.group) {
    case 'http': {
      const method = httpMethods.has(requestType) ? requestType : 'HTTP';
      return endpoint === '' ? method : `${method} ${endpoint}`;
    }
    case 'database':
      if (!conventions.hasStatements) return requestType || protocol;
      return querySummary(endpoint) || joined(requestType, requestDomain) || protocol;
    default:
      return joined(requestType, endpoint) || protocol;
  }
}

function joined(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left} ${right}`;
}
