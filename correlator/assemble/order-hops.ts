/**
 * The order in which a request passed the observations of its call. Those of one agent are ordered by its clock: the process
 * of the client first, then the network, then the process of the server. So a gateway that one agent sees at two interfaces, or a
 * bridge, needs no place of its own. Lists of several agents are merged by observation point: clocks differ by more than the
 * time between two hops.
 */
import { addToList } from '../../core/collections/add-to-list.ts';
import { positionOf, type SpanRole } from '../../schemas/observation-points.ts';
import { byStart, type SpanRecord } from '../spans/span-record.ts';

const rankOf: Readonly<Record<SpanRole, number>> = { client: 0, network: 1, application: 1, server: 2 };

function inOneAgent(left: SpanRecord, right: SpanRecord): number {
  const ranks = rankOf[left.role] - rankOf[right.role];
  if (ranks !== 0) return ranks;
  if (left.startTimeNs !== right.startTimeNs) return left.startTimeNs < right.startTimeNs ? -1 : 1;
  return byPosition(left, right);
}

function byPosition(left: SpanRecord, right: SpanRecord): number {
  const order = positionOf(left.observationPoint) - positionOf(right.observationPoint);
  return order !== 0 ? order : byStart(left, right);
}

/** Views of one call in the order in which the request passed them. */
export function orderHops(views: readonly SpanRecord[]): readonly SpanRecord[] {
  const byAgent = new Map<number, SpanRecord[]>();
  for (const view of views) addToList(byAgent, view.agentId, view);
  const lists = [...byAgent.values()].map((list) => list.sort(inOneAgent));
  if (lists.length === 1) return lists[0]!;
  const ordered: SpanRecord[] = [];
  while (ordered.length < views.length) {
    const next = lists.reduce((first, list) => (first.length === 0 || isBefore(list[0], first[0]!) ? list : first));
    ordered.push(next.shift()!);
  }
  return ordered;
}

const isBefore = (span: SpanRecord | undefined, other: SpanRecord): boolean =>
  span !== undefined && byPosition(span, other) < 0;
