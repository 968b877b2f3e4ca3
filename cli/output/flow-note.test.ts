import { expect, it } from 'vitest';
import { aTraceFlow, aTraceFlowSide } from '../../query/testing/a-trace-flow.ts';
import { flowNote } from './flow-note.ts';

it('a flow is told by both sides and by how it was closed', () => {
  const flow = aTraceFlow({
    client: aTraceFlowSide({
      packets: 12,
      handshakeNs: 90_000,
      acknowledgmentCount: 4,
      acknowledgmentSumNs: 204_001,
      retransmissions: 1,
      zeroWindows: 2,
    }),
    server: aTraceFlowSide({ packets: 1, handshakeNs: 0, synRetransmissions: 1, resets: 1 }),
    closeType: 'server_reset',
  });
  expect(flowNote(flow)).toEqual([
    'client: 12 packets, handshake 90.0 µs, round trip 51.0 µs, 1 retransmission, 2 zero windows',
    'server: 1 packet, handshake 0 ns, 1 SYN sent again, 1 reset',
    'server reset',
  ]);
});

it('what is not known of a flow is not told: datagrams have no handshake and no end', () => {
  expect(flowNote(aTraceFlow({ transport: 'udp' }))).toEqual(['client: 0 packets', 'server: 0 packets']);
});
