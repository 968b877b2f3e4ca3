import { byStart, type SpanRecord } from '../span-record.ts';
import { linkApplication } from './application-edges.ts';
import { breakCycles } from './break-cycles.ts';
import { callChains, linkChain } from './call-chains.ts';
import { linkCarriedIds } from './carried-id-edges.ts';
import { joinEnds } from './other-end.ts';
import { orderSpans, type OrderedSpans } from './order-spans.ts';

/** A forest of spans and what it took to make one. */
export interface AssembledTrace extends OrderedSpans {
  readonly brokenCycles: number;
}

/**
 * Makes the tree of a component: within a call by observation point, within a process by the causes decided before,
 * application spans by the ids they state. The edges, and which spans are two ends of one call, are left on the spans. Depends on the set of spans alone.
 */
export function assembleTrace(members: readonly SpanRecord[]): AssembledTrace {
  const spans = members.toSorted(byStart);
  const here = new Set(members);
  // A parent may be in another component when joining would have made one too large, or be gone with its partition.
  for (const span of spans) {
    span.edge = span.cause !== undefined && here.has(span.cause.parent) ? span.cause : undefined;
    span.otherEnd = undefined;
  }
  const chains = callChains(spans);
  for (const chain of chains) {
    linkChain(chain);
    joinEnds(chain);
  }
  linkApplication(spans);
  linkCarriedIds(chains);
  const brokenCycles = breakCycles(spans);
  return { ...orderSpans(spans), brokenCycles };
}
