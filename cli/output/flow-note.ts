import { counted } from './counted.ts';
import type { TraceFlow, TraceFlowSide } from '../../query/store/trace-store.ts';
import { formatDuration } from './duration.ts';

/** Counters that are shown when something happened, with their words for one and for several. */
const counters = [
  ['retransmissions', 'retransmission', 'retransmissions'],
  ['synRetransmissions', 'SYN sent again', 'SYNs sent again'],
  ['zeroWindows', 'zero window', 'zero windows'],
  ['resets', 'reset', 'resets'],
] as const satisfies readonly (readonly [keyof TraceFlowSide, string, string])[];

/** What there is to say of a flow, for people: each side, then how it was closed. */
export function flowNote(flow: TraceFlow): readonly string[] {
  const closing = flow.transport === 'tcp' ? [flow.closeType.replaceAll('_', ' ')] : [];
  return [sideNote('client', flow.client), sideNote('server', flow.server), ...closing];
}

function sideNote(name: string, side: TraceFlowSide): string {
  const { packets, handshakeNs, acknowledgmentCount, acknowledgmentSumNs } = side;
  const facts = [counted(packets, 'packet', 'packets')];
  if (handshakeNs >= 0) facts.push(`handshake ${formatDuration(handshakeNs)}`);
  if (acknowledgmentCount > 0)
    facts.push(`round trip ${formatDuration(Math.round(acknowledgmentSumNs / acknowledgmentCount))}`);
  for (const [property, one, several] of counters)
    if (side[property] > 0) facts.push(counted(side[property], one, several));
  return `${name}: ${facts.join(', ')}`;
}
