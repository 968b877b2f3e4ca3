import { spanName } from '../../opentelemetry/span-name.ts';
import type { TraceSummary } from '../store/trace-store.ts';

/** Name of the root span of a listed trace. */
export function rootName({ rootProtocol, rootRequestType, rootEndpoint }: TraceSummary): string {
  return spanName({
    protocol: rootProtocol,
    requestType: rootRequestType,
    endpoint: rootEndpoint,
    requestDomain: '',
  });
}
