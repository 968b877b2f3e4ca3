import { conventionsOf } from '../protocols/conventions.ts';
import type { Span } from '../schemas/generated/span.ts';
import type { Trace } from '../schemas/generated/trace.ts';

/**
 * The slowest of the traces that show most: in one tree with one root through gateway, orders and pricing down to a
 * store. When none does, the slowest of all; undefined without traces.
 */
export function slowestTrace(traces: readonly Trace[], serviceNameOf: (span: Span) => string): Trace | undefined {
  const complete = traces.filter((trace) => trace.rootCount === 1 && isComplete(trace, serviceNameOf));
  const candidates = complete.length > 0 ? complete : traces;
  return candidates.reduce<Trace | undefined>(
    (slowest, trace) => (slowest === undefined || trace.durationNs > slowest.durationNs ? trace : slowest),
    undefined,
  );
}

/** Does it pass all services of the demo, and a store? */
export function isComplete(trace: Trace, serviceNameOf: (span: Span) => string): boolean {
  const services = new Set(trace.spans.map(serviceNameOf));
  return (
    ['gateway', 'orders', 'pricing'].every((name) => services.has(name)) &&
    trace.spans.some((span) => conventionsOf(span.protocol)?.group === 'database')
  );
}
