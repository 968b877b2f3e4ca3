/**
 * Calls that carry no id of a reported span, such as those to databases. The kernel knows for which request a call was made. If the
 * program reported spans of that request, the call is a part of the innermost of them that contains it in time.
 *
 * A client's span of the same protocol is chosen by what both say; it has one call at a time. Else the way down from the entry
 * goes on as long as nothing else of the program was under way at the same time: where several spans may have made the call, it
 * stays with the one that contains them all. If the clock of the program is wrong, it stays with the request.
 */
import { addToList } from '../../core/collections/add-to-list.ts';
import type { Edge, SpanRecord } from '../spans/span-record.ts';
import { Budget } from './budget.ts';
import { ClientSpans } from './client-spans.ts';
import type { ReportedSpans } from './reported-spans.ts';
import { ReportedRequest } from './reported-request.ts';

const matchedConfidence = 0.999;
const containedConfidence = 0.99;

const none: readonly SpanRecord[] = [];

/** Gives calls the reported spans that contain them as parents. `calls` are the first views of calls, in the order of start. */
export function linkEnclosed(
  calls: readonly SpanRecord[],
  reported: ReportedSpans,
  causeOf: (call: SpanRecord) => Edge | undefined,
): void {
  const [entries, children] = [new Map<SpanRecord, SpanRecord[]>(), new Map<SpanRecord, SpanRecord[]>()];
  for (const span of reported.all) {
    const parent = span.edge?.parent;
    if (parent?.role === 'server') addToList(entries, parent, span);
    else if (parent?.role === 'application' && reported.isSameProcess(parent, span)) addToList(children, parent, span);
  }
  if (entries.size === 0) return;
  const [named, unnamed] = [new Map<SpanRecord, SpanRecord[]>(), new Map<SpanRecord, SpanRecord[]>()];
  for (const call of calls) {
    if (call.edge?.parent.role === 'application') addToList(named, call.edge.parent, call);
    const server = causeOf(call)?.parent;
    if (server === undefined || call.edge?.parent !== server || !entries.has(server)) continue;
    const isPassedOn = call.headerSpanId !== '' && call.headerSpanId === server.headerSpanId;
    if (!isPassedOn) addToList(unnamed, server, call);
  }
  const orphans = reported.all.filter(
    ({ edge, statedParentSpanId }) => edge === undefined && statedParentSpanId !== '',
  );
  const budget = new Budget();
  for (const [server, made] of unnamed) {
    const request = new ReportedRequest(server, entries.get(server)!, {
      childrenOf: (span) => children.get(span) ?? none,
      callsNamedBy: (span) => named.get(span) ?? none,
    });
    if (request.shiftNs === undefined) continue;
    // What was lost above these may have been under way at the same time: then they, or others lost, may have made the call.
    const unplaced = orphans.filter((span) => reported.isSameProcess(span, entries.get(server)![0]!));
    if (!budget.take(orphans.length + unplaced.length * made.length)) return;
    const clear = made.filter((call) => !unplaced.some((span) => request.overlaps(span, call)));
    linkCalls(clear, request, budget);
  }
}

function linkCalls(calls: readonly SpanRecord[], request: ReportedRequest, budget: Budget): void {
  const clients = new ClientSpans(request);
  if (!budget.take(calls.length * (clients.count + 1))) return;
  const matches = clients.match(calls);
  for (const call of calls) {
    const match = matches.get(call);
    const parent = match ?? request.innermost(call, budget);
    if (parent === undefined) continue;
    const confidence = Math.min(call.edge!.confidence, match === undefined ? containedConfidence : matchedConfidence);
    call.edge = { parent, reason: 'enclosing', confidence };
  }
}
