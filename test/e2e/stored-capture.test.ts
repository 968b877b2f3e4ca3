import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pcap } from '../../native/packets/testing/capture-builder.ts';
import { handshake, packet } from '../../native/packets/testing/connection.ts';
import { flags } from '../../native/packets/testing/packets.ts';
import { spanloom } from './spanloom.ts';

const folder = mkdtempSync(join(tmpdir(), 'spanloom-test-stored-capture-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { push, ack } = flags;
const request = 'GET /reviews/7 HTTP/1.1\r\nHost: shop\r\n\r\n';
const response = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer';
const records = [
  ...handshake,
  packet(20, 'C', ack | push, request),
  // The server's system answers at once, but what it acknowledged was sent again.
  packet(24, 'S', ack, '', { acks: request.length }),
  packet(25, 'C', ack | push, request),
  packet(30, 'S', ack | push, response, { acks: request.length }),
];

describe('a capture file that was stored', () => {
  it('shows what became of the packets of each span', async () => {
    const file = join(folder, 'shop.pcap');
    writeFileSync(file, pcap(records));
    const stored = join(folder, 'stored');
    const traces = join(folder, 'traces.json');
    const replayed = await spanloom(['replay', file, '--data-dir', stored, '--json', traces]);
    expect(replayed).toMatchObject({ code: 0 });
    const settings = { SPANLOOM_DATA_DIR: stored, SPANLOOM_QUERY_PORT: '1' };
    const listed = await spanloom(['traces', '--json'], settings);
    const [{ trace_id: id }] = (JSON.parse(listed.output) as { traces: [{ trace_id: string }] }).traces;
    const shown = await spanloom(['trace', id, '--flows'], settings);
    expect(shown.output.replaceAll(/\s+/g, ' ')).toContain(
      'client: 4 packets, handshake 5.00 ms, 1 retransmission · ' +
        'server: 3 packets, handshake 10.0 ms, round trip 4.00 ms open',
    );
    const json = await spanloom(['trace', id, '--flows', '--json'], settings);
    expect(JSON.parse(json.output)).toMatchObject({
      flows: [{ transport: 'tcp', client_retransmissions: 1, server_handshake_ns: 10_000_000, close_type: 'open' }],
    });
    expect((await spanloom(['trace', id], settings)).output).not.toContain('packets');
  }, 120_000);
});
