/** What Wireshark's tshark says of a capture: an independent reader of the same bytes. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Why it cannot be asked; undefined when it can. */
export function tsharkMissing(): string | undefined {
  const { status } = spawnSync('tshark', ['--version'], { stdio: 'ignore' });
  return status === 0 ? undefined : 'tshark (Debian: tshark) is needed';
}

/** Each packet by itself: nothing joined, numbers as they are on the wire. */
const asTheyAre = [
  ...['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE', '-o', 'tcp.desegment_tcp_streams:FALSE'],
  ...['-d', 'udp.port==8472,vxlan', '-d', 'udp.port==6784,vxlan', '-o', 'tcp.relative_sequence_numbers:FALSE'],
  // What is behind this label, no frame says.
  ...['-d', 'mpls.label==500,pwethcw'],
];

function run(path: string, options: readonly string[]): string {
  if (!existsSync(path)) throw new Error(`no capture ${path}`);
  const all = ['-n', '-r', path, ...asTheyAre, ...options];
  const { status, stdout, stderr } = spawnSync('tshark', all, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`tshark: ${stderr}`);
  return stdout;
}

/** The values of fields of each frame, outermost first. */
export type Fields<Name extends string> = Readonly<Record<Name, readonly string[]>>;

export function tsharkFields<Name extends string>(path: string, names: readonly Name[]): readonly Fields<Name>[] {
  const options = names.flatMap((name) => ['-e', name]);
  const lines = run(path, ['-T', 'fields', '-E', 'occurrence=a', '-E', 'separator=/t', ...options]).split('\n');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const values = line.split('\t');
      const valuesOf = (index: number): string[] => (values[index] ?? '').split(',').filter((value) => value !== '');
      return Object.fromEntries(
        names.map((name, index) => [name, valuesOf(index)] as const),
      ) as unknown as Fields<Name>;
    });
}
/** Of one direction of a conversation. */
interface Flow {
  readonly frames: number;
  readonly bytes: number;
}

/** A line of its table of conversations: `a` to `b` and back. */
export interface Conversation {
  readonly a: string;
  readonly b: string;
  readonly fromA: Flow;
  readonly fromB: Flow;
}

const units: Readonly<Record<string, number>> = { bytes: 1, kB: 1000, MB: 1_000_000 };

/** `tshark -q -z conv,tcp`. Its bytes are rounded where they are printed in another unit than bytes. */
export function tsharkConversations(path: string): readonly Conversation[] {
  const line = /^(\S+)\s+<->\s+(\S+)\s+(\d+)\s+(\d+) (\w+)\s+(\d+)\s+(\d+) (\w+)\s/gm;
  return [...run(path, ['-q', '-z', 'conv,tcp']).matchAll(line)].map((match) => ({
    a: match[1]!,
    b: match[2]!,
    fromB: { frames: Number(match[3]), bytes: Number(match[4]) * units[match[5]!]! },
    fromA: { frames: Number(match[6]), bytes: Number(match[7]) * units[match[8]!]! },
  }));
}
