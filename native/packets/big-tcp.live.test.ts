/**
 * BIG TCP: packets of IPv6 beyond 64 KiB, whose length is in a jumbo payload option or nowhere (Linux 5.19; see
 * gso_max_size in ip-link(8)).
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere } from '../../test/requirement.ts';
import { LiveFlows } from './testing/live-flows.ts';
import { ip, NamespacePair, namespacesMissing } from './testing/namespace-pair.ts';

const bytes = 8_000_000;
const longest = 180_000;
/** Room for all of it, however long nobody reads: a virtual pair gets a sixteenth. */
const ringBytes = 512 * 1024 * 1024;
/** Of packets whose length 16 bits can say. */
const usual = 65_535;

/** One that this process may run on. */
function firstCpu(): string {
  return /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!;
}

describeWhere(namespacesMissing(), 'a capture of packets beyond 64 KiB', () => {
  let pair: NamespacePair;
  beforeAll(async () => {
    // Packets of a sender that moves to another CPU overtake each other, by however long that one is busy.
    pair = await NamespacePair.open(['taskset', '--cpu-list', firstCpu()]);
    for (const [name, host] of [
      [pair.client, 1],
      [pair.server, 2],
    ] as const) {
      ip(`-n ${name} link set pair0 gso_max_size ${longest} gro_max_size ${longest}`);
      ip(`-n ${name} -6 address add fd00:77::${host}/64 dev pair0 nodad`);
    }
  });
  afterAll(() => pair.close());

  it.each(['client', 'server'] as const)('has every byte once at the %s', async (end) => {
    const live = new LiveFlows({ namespaces: [pair[end]], ringBytes });
    await pair.get(`http://[fd00:77::2]:8080/${bytes}`);
    const answer = () => live.segments.filter(({ fromClient, length }) => !fromClient && length > 0);
    const received = () => answer().reduce((total, { length }) => total + length, 0);
    const isClosed = () => live.intervals.some(({ closeType }) => closeType !== 'open');
    await live.until(() => received() >= bytes + (answer()[0]?.payload.indexOf('\r\n\r\n') ?? 0) + 4 || isClosed());
    await live.stop();
    expect(live.progress().dropped).toBe(0);
    const segments = answer();
    expect(Math.max(...segments.map(({ length }) => length))).toBeGreaterThan(usual);
    // Each begins where the one before it ends.
    for (const [index, { tcpSequence, length }] of segments.slice(0, -1).entries())
      expect(segments[index + 1]!.tcpSequence).toBe((tcpSequence + length) % 2 ** 32);
    expect(segments.every(({ gap }) => gap === 'none')).toBe(true);
    expect(received()).toBe(segments[0]!.payload.indexOf('\r\n\r\n') + 4 + bytes);
    const sides = live.intervals.map(({ server }) => server);
    expect(sides.reduce((total, { payloadBytes }) => total + payloadBytes, 0)).toBeGreaterThanOrEqual(received());
    expect(sides.every(({ conflicts }) => conflicts === 0)).toBe(true);
  });
});
