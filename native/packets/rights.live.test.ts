/** The live capture with less than root has, and on a machine that has less: each in a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWhere } from '../../test/requirement.ts';
import type { PacketCaptureOptions } from './packet-capture.ts';
import { libpcapFiles, rawPacketsOnly, withoutFiles } from './testing/launchers.ts';
import { ip, NamespacePair, namespacesMissing } from './testing/namespace-pair.ts';

interface Printed {
  readonly problems?: readonly string[];
  readonly heads?: readonly string[];
  readonly interfaces?: readonly { readonly name: string; readonly peerAddresses: readonly string[] }[];
}

const script = join(import.meta.dirname, 'testing', 'print-capture.ts');

describeWhere(namespacesMissing(), 'a capture of packets', () => {
  let pair: NamespacePair;
  beforeAll(async () => {
    pair = await NamespacePair.open();
    // So that the neighbour is known, and one more who is behind a route.
    await pair.get('http://10.77.0.2:8080/5');
    ip(`-n ${pair.client} route add 10.90.0.9/32 dev pair0`);
  });
  afterAll(() => pair.close());

  /** Starts a capture in the namespace of the client. */
  const start = (launcher: readonly string[], options: Partial<PacketCaptureOptions> = {}): ChildProcess => {
    const [program, ...parameters] = [
      ...launcher,
      ...[process.execPath, '--import', 'tsx', script, JSON.stringify(options)],
    ];
    return pair.run(pair.client, program!, parameters);
  };
  const lines = async function* (capture: ChildProcess): AsyncGenerator<Printed, void, undefined> {
    let errors = '';
    capture.stderr!.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    for await (const line of createInterface({ input: capture.stdout! })) yield JSON.parse(line) as Printed;
    throw new Error(errors);
  };
  const untilHeads = async (printed: AsyncIterable<Printed>): Promise<readonly string[]> => {
    const found: string[] = [];
    for await (const { heads = [] } of printed) {
      found.push(...heads.filter((head) => head.includes('HTTP/1.1')));
      if (found.length >= 2) break;
    }
    return found;
  };
  const untilPeers = async (printed: AsyncIterable<Printed>): Promise<readonly string[]> => {
    for await (const { interfaces = [] } of printed) {
      const ours = interfaces.find(({ name }) => name === 'pair0');
      if (ours !== undefined) return ours.peerAddresses;
    }
    return [];
  };

  it('takes another user no more than CAP_NET_RAW', async () => {
    const printed = lines(start(rawPacketsOnly));
    expect(await printed.next()).toMatchObject({ value: { problems: [] } });
    await pair.get('http://10.77.0.2:8080/7');
    expect(await untilHeads(printed)).toEqual(['GET /7 HTTP/1.1', 'HTTP/1.1 200 OK']);
  });

  it('knows by routes and neighbours who is at the other end, where it may not look there', async () => {
    const there = await untilPeers(lines(start([])));
    const guessed = await untilPeers(lines(start(rawPacketsOnly)));
    expect(there).toContain('10.77.0.2');
    expect(there).not.toContain('10.90.0.9');
    expect(guessed).toEqual(expect.arrayContaining(['10.77.0.2', '10.90.0.9']));
  });

  it('needs libpcap for a filter, and says so, and for nothing else', async () => {
    const without = withoutFiles(libpcapFiles());
    await expect(lines(start(without, { filter: 'tcp port 8080' })).next()).rejects.toThrow(
      'The filter of packets needs libpcap, which is not installed (Debian: libpcap0.8): install it, or set no filter.',
    );
    const printed = lines(start(without, { filter: '' }));
    expect(await printed.next()).toMatchObject({ value: { problems: [] } });
    await pair.get('http://10.77.0.2:8080/7');
    expect(await untilHeads(printed)).toEqual(['GET /7 HTTP/1.1', 'HTTP/1.1 200 OK']);
  });
});
