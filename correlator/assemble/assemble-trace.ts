import { byStart, type Edge, type SpanRecord } from '../spans/span-record.ts';
import { breakCycles } from './break-cycles.ts';
import { callChains, linkChain } from './call-chains.ts';
import { linkCarriedIds } from './carried-id-edges.ts';
import { linkEnclosed } from './enclosing-edges.ts';
import { linkEntries } from './entry-edges.ts';
import { linkByHeaders } from './header-edges.ts';
import { hopsByContext } from './hops.ts';
import { joinSides } from './reported-sides.ts';
import { ReportedSpans } from './reported-spans.ts';
import { exchangeSides } from './sides.ts';
import { orderSpans, type OrderedSpans } from './order-spans.ts';

/** The spans of a trace as a forest, and how many cycles were broken. */
export interface AssembledTrace extends OrderedSpans {
  readonly brokenCycles: number;
  /** Reported spans that are not in it, as another span of it has their id. */
  readonly repeated: readonly SpanRecord[];
}

/**
 * Makes the tree of a component: within a call by observation point, within a process by the causes decided before,
 * reported spans by the ids they state. The edges are left on the spans. Depends on the set of spans alone.
 */
export function assembleTrace(members: readonly SpanRecord[]): AssembledTrace {
  const { spans, repeated } = withUniqueIds(members.toSorted(byStart));
  const here = new Set(spans);
  // A parent may be in another component if joining would have exceeded the bound, or be released with its partition.
  for (const span of spans) {
    span.edge = span.cause !== undefined && here.has(span.cause.parent) ? span.cause : undefined;
    span.correctedPoint = undefined;
  }
  const chains = callChains(spans);
  for (const span of spans) span.clientView = span.serverView = undefined;
  for (const chain of chains) {
    linkChain(chain);
    exchangeSides(chain);
  }
  linkCarriedIds(chains);
  const reported = new ReportedSpans(spans);
  const calls = reported.all.length === 0 ? [] : chains.map(([first]) => first!).sort(byStart);
  let brokenCycles = 0;
  if (reported.all.length > 0) {
    linkByHeaders(reported, hopsByContext(chains));
    brokenCycles += breakCycles(spans);
    const causeOf = ({ cause }: SpanRecord): Edge | undefined =>
      cause !== undefined && here.has(cause.parent) ? cause : undefined;
    linkEntries(calls, reported, causeOf);
    linkEnclosed(calls, reported, causeOf);
  }
  brokenCycles += breakCycles(spans);
  if (reported.all.length > 0) joinSides(reported, calls);
  return { ...orderSpans(spans), brokenCycles, repeated };
}

/**
 * Leaves out reported spans whose id another span of the trace has: of another trace id, or seen by the kernel. An application
 * chooses its ids, so it could make a span of a process appear as something else.
 */
function withUniqueIds(sorted: readonly SpanRecord[]): {
  readonly spans: readonly SpanRecord[];
  readonly repeated: readonly SpanRecord[];
} {
  const reported = sorted.filter(({ role }) => role === 'application');
  if (reported.length === 0) return { spans: sorted, repeated: [] };
  const firstById = new Map<string, SpanRecord>();
  for (const span of reported) if (!firstById.has(span.spanId)) firstById.set(span.spanId, span);
  for (const span of sorted) if (span.role !== 'application') firstById.set(span.spanId, span);
  const repeated = reported.filter((span) => firstById.get(span.spanId) !== span);
  if (repeated.length === 0) return { spans: sorted, repeated };
  const others = new Set(repeated);
  return { spans: sorted.filter((span) => !others.has(span)), repeated };
}

/** Notes that spans are in an emitted trace, or left out of it. @returns how many had not been before */
export function noteEmitted(spans: readonly SpanRecord[]): number {
  let count = 0;
  for (const span of spans) {
    if (!span.isEmitted) count++;
    span.isEmitted = true;
  }
  return count;
}
