import { spawn } from 'node:child_process';
import { programPath } from '../../../protocols/testing/programs.ts';

/** tshark's PDML: for each packet its protocols, each with its fields. https://wiki.wireshark.org/PDML */

/** A field, or a protocol. */
export interface PdmlNode {
  readonly name: string;
  readonly show: string;
  readonly showname: string;
  /** Hexadecimal. */
  readonly value: string;
  readonly size: number;
  readonly children: readonly PdmlNode[];
}

/** A packet as tshark saw it. */
export interface PdmlPacket {
  readonly frame: number;
  /** Number of the connection, or of the pair of UDP ends. */
  readonly stream: string;
  readonly sourcePort: number;
  /** The packets that the first message of this one came in, when it came in several. */
  readonly segments: readonly number[];
  readonly payload: string;
  /** What is above TCP or UDP. */
  readonly protocols: readonly PdmlNode[];
}

const lower = new Set(['geninfo', 'frame', 'eth', 'ip', 'tcp', 'udp', 'ipv6', 'fake-field-wrapper']);
const elements = /<(\/?)(packet|proto|field)\b((?:\s+\w+="[^"]*")*)\s*(\/?)>/g;
const attributes = /(\w+)="([^"]*)"/g;
const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&', apos: "'" };

function decode(text: string): string {
  if (!text.includes('&')) return text;
  return text.replaceAll(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith('#x')) return String.fromCodePoint(Number.parseInt(name.slice(2), 16));
    if (name.startsWith('#')) return String.fromCodePoint(Number(name.slice(1)));
    return entities[name] ?? whole;
  });
}

interface OpenNode extends PdmlNode {
  readonly children: PdmlNode[];
}

/** Reads the packets of a capture with tshark, told what is spoken on a port. */
export async function readWithTshark(
  file: string,
  port: number,
  dissector: string,
  onPacket: (packet: PdmlPacket) => void,
): Promise<void> {
  const decodeAs = ['tcp', 'udp'].flatMap((transport) => ['-d', `${transport}.port==${port},${dissector}`]);
  // Packets that only acknowledge have nothing to say.
  const filter = `tcp.len > 0 or udp or ${dissector}`;
  const args = [
    '-n',
    '-r',
    file,
    '-Y',
    filter,
    ...(dissector === 'dns' ? decodeAs : decodeAs.slice(0, 2)),
    '-T',
    'pdml',
  ];
  const tshark = spawn(programPath('tshark'), args, { stdio: ['ignore', 'pipe', 'ignore'] });
  tshark.stdout.setEncoding('utf8');
  let rest = '';
  for await (const chunk of tshark.stdout as AsyncIterable<string>) {
    rest += chunk;
    const end = rest.lastIndexOf('</packet>');
    if (end < 0) continue;
    for (const text of rest.slice(0, end).split('</packet>')) onPacket(readPacket(text));
    rest = rest.slice(end + '</packet>'.length);
  }
}

function readPacket(text: string): PdmlPacket {
  const root: OpenNode = { name: '', show: '', showname: '', value: '', size: 0, children: [] };
  const open: OpenNode[] = [root];
  for (const [, closing, element, list = '', single] of text.matchAll(elements)) {
    if (element === 'packet') continue;
    if (closing === '/') {
      open.pop();
      continue;
    }
    const found: Record<string, string> = {};
    for (const [, name = '', value = ''] of list.matchAll(attributes)) found[name] = value;
    const { name = '', show = '', showname = '', value = '', size = '0' } = found;
    const node = { name, show: decode(show), showname: decode(showname), value, size: Number(size), children: [] };
    open.at(-1)!.children.push(node);
    if (single !== '/') open.push(node);
  }
  return packetOf(root.children);
}

function packetOf(protocols: readonly PdmlNode[]): PdmlPacket {
  const find = (name: string): PdmlNode | undefined => fieldIn({ children: protocols }, name);
  const tcp = find('tcp.stream');
  return {
    frame: Number(find('frame.number')?.show ?? find('num')?.show ?? 0),
    stream: tcp === undefined ? `udp ${find('udp.stream')?.show ?? ''}` : `tcp ${tcp.show}`,
    sourcePort: Number((find('tcp.srcport') ?? find('udp.srcport'))?.show ?? 0),
    segments: fieldsIn({ children: protocols }, 'tcp.segment').map(({ show }) => Number(show)),
    payload: find('tcp.payload')?.value ?? '',
    protocols: protocols.filter(({ name }) => !lower.has(name)),
  };
}

/** The first field of this name at any depth. */
export function fieldIn(node: Pick<PdmlNode, 'children'>, name: string): PdmlNode | undefined {
  for (const child of node.children) {
    const found = child.name === name ? child : fieldIn(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** All fields of this name at any depth. */
export function fieldsIn(node: Pick<PdmlNode, 'children'>, name: string): PdmlNode[] {
  return node.children.flatMap((child) => [...(child.name === name ? [child] : []), ...fieldsIn(child, name)]);
}

/** A field's bytes as text, without the zero that ends it. */
export function textOf(node: PdmlNode | undefined): string {
  if (node === undefined) return '';
  return Buffer.from(node.value, 'hex').toString('utf8').replace(/\0$/, '');
}

/** One message of a packet, with the packet it began in. */
export interface PdmlMessage {
  readonly packet: PdmlPacket;
  readonly frame: number;
  readonly node: PdmlNode;
  readonly fromServer: boolean;
}

/** The messages of one protocol in a packet. The first may have begun in an earlier packet. */
export function messagesOf(packet: PdmlPacket, protocol: string, port: number): PdmlMessage[] {
  return packet.protocols
    .filter(({ name }) => name === protocol)
    .map((node, index) => ({
      packet,
      frame: index === 0 ? Math.min(packet.frame, ...packet.segments) : packet.frame,
      node,
      fromServer: packet.sourcePort === port,
    }));
}
