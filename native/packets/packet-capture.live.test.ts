/** The live capture between two network namespaces, with real traffic; what dumpcap(1) captures at the same time is the oracle. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere } from '../../test/requirement.ts';
import { loadNative } from '../load.ts';
import type { CaptureLine } from './testing/capture-process.ts';
import { readFlows, type Segment } from './testing/flows.ts';
import { LiveFlows } from './testing/live-flows.ts';
import { ip, NamespacePair, namespacesMissing } from './testing/namespace-pair.ts';
import { etherTypes, ethernet, ipProtocols, ipv4, udp } from './testing/packets.ts';
import { tsharkFields, tsharkMissing } from './testing/tshark.ts';

const url = 'http://10.77.0.2:8080';
const payloads = (segments: readonly Segment[]) =>
  segments
    .map(({ source, destination, tcpSequence, length, payload, startsMessage }) => ({
      ...{ source, destination, tcpSequence, length, payload, startsMessage },
    }))
    .sort((left, right) => left.source.localeCompare(right.source) || left.tcpSequence - right.tcpSequence);
const heads = (segments: readonly Segment[]) =>
  segments.filter(({ payload }) => payload.includes('HTTP/1.1')).map(({ payload }) => payload.split('\r\n')[0]);

describeWhere(namespacesMissing() ?? tsharkMissing(), 'a capture of packets', () => {
  let pair: NamespacePair;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'packets-'));
    pair = await NamespacePair.open();
  });
  afterAll(async () => {
    await pair.close();
    rmSync(folder, { recursive: true });
  });

  /** Runs dumpcap beside `work`, and returns its file. */
  async function dumped(work: () => Promise<void>): Promise<string> {
    const path = join(folder, `${Math.random()}.pcap`);
    const dumpcap = pair.run(pair.client, 'dumpcap', [
      '-q',
      '-P',
      '-i',
      'pair0',
      '-f',
      'not icmp6 and not arp',
      '-w',
      path,
    ]);
    let said = '';
    dumpcap.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    while (!said.includes('File:')) await once(dumpcap.stderr!, 'data');
    await work();
    dumpcap.kill('SIGINT');
    await once(dumpcap, 'close');
    return path;
  }

  it('gives the segments that are in a file of the same traffic', async () => {
    const live = new LiveFlows({ namespaces: [pair.client] });
    expect(live.progress()).toMatchObject({ interfaces: expect.arrayContaining(['pair0']) as unknown, problems: [] });
    const path = await dumped(async () => {
      await pair.get(`${url}/5`, 20);
      await live.until(() => live.segments.length >= 40 && live.intervals.length >= 1);
    });
    await live.stop();
    const file = readFlows(readFileSync(path));
    expect(payloads(live.segments)).toEqual(payloads(file.segments));
    expect(
      live.intervals.map(({ client, server }) => [client.packets, client.bytes, server.packets, server.bytes]),
    ).toEqual(file.intervals.map(({ client, server }) => [client.packets, client.bytes, server.packets, server.bytes]));
    const messages = tsharkFields(path, ['http.request.method', 'http.response.code'] as const).filter(
      (fields) => fields['http.request.method'].length + fields['http.response.code'].length > 0,
    );
    expect(heads(live.segments)).toHaveLength(messages.length);
    expect(live.segments[0]).toMatchObject({
      isRoleKnown: true,
      fromClient: true,
      observation: { passage: 'outgoing' },
    });
    expect(live.segments[1]).toMatchObject({ fromClient: false, observation: { passage: 'incoming' } });
  });

  it('has times of the monotonic clock, and promises no more than it has sent', async () => {
    const before = process.hrtime.bigint();
    const live = new LiveFlows({ namespaces: [pair.client] });
    await pair.get(`${url}/5`);
    await live.until(() => live.segments.length >= 2);
    await live.stop();
    const after = process.hrtime.bigint();
    for (const { timeNs } of live.segments) expect(timeNs > before && timeNs < after).toBe(true);
    let until = 0n;
    for (const block of live.blocks) {
      const next = block.baseNs + BigInt(block.untilOffsetNs);
      expect(next).toBeGreaterThanOrEqual(until);
      until = next;
    }
  });

  it('knows who is at the other end of a pair', async () => {
    const live = new LiveFlows({ namespaces: [pair.client] });
    await live.until(() => live.interfaces.length > 0);
    await live.stop();
    const ours = live.interfaces.find(
      ({ name, addresses }) =>
        name === 'pair0' && addresses.some((each) => Buffer.from(each).equals(Buffer.from([10, 77, 0, 1]))),
    );
    expect(ours).toMatchObject({ kind: 'virtual_pair' });
    expect(ours!.macAddress).toHaveLength(6);
    expect(ours!.peerAddresses.map((each) => each.join('.'))).toContain('10.77.0.2');
    expect(live.interfaces.find(({ name }) => name === 'lo')).toMatchObject({ kind: 'loopback' });
  });

  it('takes offloaded frames, of which it has the beginning', async () => {
    const live = new LiveFlows({ namespaces: [pair.client], snapLength: 256 });
    await pair.get(`${url}/3000000`);
    await live.until(
      () =>
        live.segments.filter(({ fromClient }) => !fromClient).reduce((sum, { length }) => sum + length, 0) > 3_000_000,
    );
    await live.stop();
    const answer = live.segments.filter(({ fromClient }) => !fromClient);
    expect(answer.reduce((sum, { length, gapBytes }) => sum + length + gapBytes, 0)).toBeGreaterThan(3_000_000);
    expect(answer.every(({ gap }) => gap === 'none')).toBe(true);
  });

  it('looks into tunnels', async () => {
    for (const [name, host] of [
      [pair.client, 1],
      [pair.server, 2],
    ] as const) {
      ip(`-n ${name} link add vx0 type vxlan id 42 remote 10.77.0.${3 - host} dstport 4789 dev pair0`);
      ip(`-n ${name} address add 10.79.0.${host}/24 dev vx0`);
      ip(`-n ${name} link set vx0 up`);
    }
    const live = new LiveFlows({ namespaces: [pair.client], filter: '' });
    await pair.get('http://10.79.0.2:8080/5');
    await live.until(() => heads(live.segments).length >= 2);
    await live.stop();
    const request = live.segments.find(
      ({ destination, payload }) => destination === '10.79.0.2:8080' && payload !== '',
    );
    expect(request!.observation.tunnels).toMatchObject([{ type: 'vxlan', id: 42 }]);
    expect(live.interfaces.find(({ name }) => name === 'vx0')).toMatchObject({ kind: 'tunnel' });
  });

  it('puts VLAN tags back that the kernel has taken out', async () => {
    const live = new LiveFlows({ namespaces: [pair.server], filter: '' });
    const frame = ethernet(etherTypes.ipv4, ipv4(ipProtocols.udp, udp(Buffer.from('tagged'))));
    const tag = Buffer.from([0x81, 0x00, 0x60, 0x07]);
    const bytes = Buffer.concat([frame.subarray(0, 12), tag, frame.subarray(12)]).toString('hex');
    const send = `import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("pair0", 0)); s.send(bytes.fromhex("${bytes}"))`;
    const [code] = (await once(pair.run(pair.client, 'python3', ['-c', send]), 'close')) as [number];
    expect(code).toBe(0);
    await live.until(() => live.segments.some(({ payload }) => payload === 'tagged'));
    await live.stop();
    const { observation } = live.segments.find(({ payload }) => payload === 'tagged')!;
    expect(observation).toMatchObject({ passage: 'bypassing', link: { vlans: [7] }, tunnels: [] });
    expect(live.intervals.map(({ client }) => client.bytes)).toContain(frame.length + tag.length);
  });

  it('follows interfaces that come and go', async () => {
    const live = new LiveFlows({ namespaces: [pair.client], interfaces: ['late*'] });
    expect(live.progress().interfaces).toEqual([]);
    ip(`-n ${pair.client} link add late0 type veth peer name late0 netns ${pair.server}`);
    for (const [name, host] of [
      [pair.client, 1],
      [pair.server, 2],
    ] as const) {
      ip(`-n ${name} address add 10.80.0.${host}/24 dev late0`);
      ip(`-n ${name} link set late0 up`);
    }
    await live.until(() => live.progress().interfaces.length === 1);
    await pair.get('http://10.80.0.2:8080/5');
    await live.until(() => heads(live.segments).length >= 2);
    ip(`-n ${pair.client} link del late0`);
    await live.until(() => live.progress().interfaces.length === 0);
    await live.until(() => !live.interfaces.some(({ name }) => name === 'late0'));
    await live.stop();
  });

  it('knows all interfaces of a long list', async () => {
    for (let number = 0; number < 60; number++)
      ip(`-n ${pair.server} link add many${number} type veth peer name other${number}`);
    const live = new LiveFlows({ namespaces: [pair.server] });
    await live.until(() => live.interfaces.length > 0);
    await live.stop();
    const { networkNamespace } = live.interfaces.find(({ name }) => name === 'many0')!;
    const own = live.interfaces.filter((each) => each.networkNamespace === networkNamespace);
    const listed = spawnSync('ip', ['-n', pair.server, '-j', 'link'], { encoding: 'utf8' });
    const names = (JSON.parse(listed.stdout) as readonly { readonly ifname: string }[]).map(({ ifname }) => ifname);
    expect(names.length).toBeGreaterThan(120);
    expect(own.map(({ name }) => name).sort()).toEqual(names.sort());
  });

  it('goes on with what it knows of interfaces while it cannot read them', async () => {
    const script = fileURLToPath(new URL('./testing/capture-process.ts', import.meta.url));
    const capture = spawn(process.execPath, ['--import', 'tsx', script, pair.client], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const limit = (files: number): void => {
      expect(spawnSync('prlimit', [`--pid=${capture.pid}`, `--nofile=${files}:`]).status).toBe(0);
    };
    try {
      const lines = createInterface({ input: capture.stdout })[Symbol.asyncIterator]();
      const until = async (condition: (line: CaptureLine) => boolean): Promise<CaptureLine> => {
        for (;;) {
          const line = JSON.parse((await lines.next()).value as string) as CaptureLine;
          if (condition(line)) return line;
        }
      };
      const { segments } = await until(({ interfaces }) => interfaces.length > 0);
      // No further file: no socket to ask with, and no namespace to open.
      limit(3);
      ip(`-n ${pair.client} link add change0 type veth peer name change1`);
      const blind = await until(({ problems }) => problems.length > 0);
      expect(blind.interfaces).toEqual(['pair0']);
      expect(blind.problems.join(' ')).toMatch(
        /Lists of the network namespace net:\[\d+\] cannot be read \(interfaces, /,
      );
      await pair.get(`${url}/5`);
      await until((line) => line.segments >= segments + 2);
      limit(1024);
      ip(`-n ${pair.client} link del change0`);
      expect((await until(({ problems }) => problems.length === 0)).interfaces).toEqual(['pair0']);
    } finally {
      capture.kill('SIGKILL');
      await once(capture, 'close');
    }
  });

  it('lets a process end at any time, with blocks on their way', () => {
    const script = `
      import { LiveFlows } from './native/packets/testing/live-flows.ts';
      const live = new LiveFlows({ namespaces: ['${pair.client}'] });
      while (live.progress().unacknowledgedBlocks < 2);
      process.exitCode = 7;
    `;
    const ended = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      encoding: 'utf8',
    });
    expect(ended).toMatchObject({ status: 7, stderr: '' });
  });

  it('sees each packet of a loopback interface once', async () => {
    const live = new LiveFlows({ namespaces: [pair.server], interfaces: ['lo'] });
    const curl = pair.run(pair.server, 'curl', ['-sS', 'http://127.0.0.1:8080/5']);
    await once(curl, 'close');
    await live.until(() => heads(live.segments).length >= 2);
    await live.stop();
    const mine = live.intervals.filter(({ serverEnd }) => serverEnd === '127.0.0.1:8080');
    expect(mine).toHaveLength(1);
    expect(mine[0]).toMatchObject({ client: { retransmissions: 0 }, server: { retransmissions: 0, duplicateAcks: 0 } });
  });

  it('leaves out what is excluded, beside what its filter leaves out', async () => {
    const other = [
      { address: '10.77.0.9', port: 8080 },
      { address: '2001:db8::1', port: 8080 },
      { address: '', port: 8081 },
    ];
    for (const [excluded, filter, seen] of [
      [[{ address: '10.77.0.2', port: 8080 }], '', 0],
      [[{ address: '', port: 8080 }], '', 0],
      [other, '', 2],
      [other, 'tcp port 8080', 2],
      [[], 'udp', 0],
    ] as const) {
      const live = new LiveFlows({ namespaces: [pair.client], excluded, filter });
      await pair.get(`${url}/5`);
      await live.stop();
      expect(heads(live.segments)).toHaveLength(seen);
    }
    expect(() => new LiveFlows({ filter: 'no such word' })).toThrow(
      "The filter of packets 'no such word' is not valid",
    );
  });

  it('counts what has no room while nobody takes blocks, and goes on', async () => {
    const live = new LiveFlows({ namespaces: [pair.client], ringBytes: 16 * 1024, maxUnacknowledgedBlocks: 1 }, false);
    await live.until(() => live.progress().unacknowledgedBlocks === 1);
    while (live.progress().dropped === 0) await pair.get(`${url}/3000000`);
    const taken = live.blocks.length;
    expect(live.losses).toBe(0);
    live.acknowledge(1);
    await live.until(() => live.blocks.length > taken);
    await live.stop();
    const { dropped, received, read } = live.progress();
    expect(read).toBe(received);
    expect(dropped).toBeGreaterThan(0);
    expect(live.losses).toBe(dropped);
  });

  it('says what it cannot capture', async () => {
    const live = new LiveFlows({ namespaces: ['no-such-namespace'] });
    expect(live.progress().problems).toEqual([
      "The network namespace 'no-such-namespace' does not exist, or may not be opened.",
    ]);
    await live.stop();
    expect(loadNative().checkPacketCapture()).toEqual({
      canCapture: true,
      canEnterNamespaces: true,
      canCompileFilters: true,
    });
  });
});
