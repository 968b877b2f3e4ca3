import { byStart, type SpanRecord } from '../spans/span-record.ts';
import { linkApplication } from './application-edges.ts';
import { breakCycles } from './break-cycles.ts';
import { callChains, linkChain } from './call-chains.ts';
import { linkCarriedIds } from './carried-id-edges.ts';
import { exchangeSides } from './sides.ts';
import { orderSpans, type OrderedSpans } from './order-spans.ts';

/** The spans of a trace as a forest, and how many cycles were broken. */
export interface AssembledTrace extends OrderedSpans {
  readonly brokenCycles: number;
}

/**
 * Makes the tree of a component: within a call by observation point, within a process by the causes decided before,
 * application spans by the ids they state. The edges are left on the spans. Depends on the set of spans alone.
 */
export function assembleTrace(members: readonly SpanRecord[]): AssembledTrace {
  const spans = members.toSorted(byStart);
  const here = new Set(members);
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
  linkApplication(spans);
  linkCarriedIds(chains);
  const brokenCycles = breakCycles(spans);
  return { ...orderSpans(spans), brokenCycles };
}
