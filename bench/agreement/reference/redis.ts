import type { Exchange, Facts } from '../exchange.ts';
import { fieldIn, messagesOf, type PdmlNode, type PdmlPacket, textOf } from './pdml.ts';
import type { Reference } from './reference.ts';
import { RespStream, type RespValue } from './resp-stream.ts';

/**
 * What tshark says about Redis: values, which it does not pair. It reads RESP2 only, no inline commands and no RESP3;
 * what it calls a fragment there, so connections with such are read by a reader of our own, which sees every byte.
 * Replies come in the order of commands, but for messages to subscribers, and for commands that silence replies.
 */

const perChannel = new Set(['SUBSCRIBE', 'PSUBSCRIBE', 'SSUBSCRIBE', 'UNSUBSCRIBE', 'PUNSUBSCRIBE', 'SUNSUBSCRIBE']);

interface Value {
  readonly frame: number;
  readonly fromServer: boolean;
  readonly value: RespValue;
}

interface Connection {
  readonly packets: PdmlPacket[];
  readonly values: Value[];
  fragments: boolean;
}

/** Reads Redis connections; see the top of the file. */
export class RedisReference implements Reference {
  readonly exchanges: Exchange[] = [];
  readonly dissector = 'resp';
  readonly remarks = new Map<string, number>();
  private readonly connections = new Map<string, Connection>();

  take(packet: PdmlPacket, port: number): void {
    let connection = this.connections.get(packet.stream);
    if (connection === undefined) {
      connection = { packets: [], values: [], fragments: false };
      this.connections.set(packet.stream, connection);
    }
    if (packet.payload !== '') connection.packets.push(packet);
    for (const { node, fromServer, frame } of messagesOf(packet, 'resp', port)) {
      for (const [index, child] of node.children.entries()) {
        const value = valueOf(child);
        if (value === undefined) connection.fragments = true;
        else connection.values.push({ frame: index === 0 ? frame : packet.frame, fromServer, value });
      }
    }
  }

  finish(): void {
    for (const [stream, connection] of this.connections) {
      const port = portOf(connection.packets);
      const own = readBytes(connection.packets, port);
      // tshark hides what it did not read only in fragments; it also must have read as much.
      const trusted = !connection.fragments && connection.values.length === own.length;
      this.remark(trusted ? 'values read by tshark' : 'values of connections that tshark does not read', own.length);
      if (trusted) this.compareReaders(connection.values, own);
      this.pair(stream, trusted ? connection.values : own);
    }
  }

  private compareReaders(values: readonly Value[], own: readonly Value[]): void {
    const differing = values.filter(({ value }, index) => JSON.stringify(value) !== JSON.stringify(own[index]!.value));
    if (differing.length > 0)
      this.remark('values that tshark and the reader of the bench read differently', differing.length);
  }

  private pair(stream: string, values: readonly Value[]): void {
    const waiting: { index: number; command: string; replies: number; given: number }[] = [];
    let silenced: 'no' | 'next' | 'all' = 'no';
    let subscribed = false;
    for (const { frame, fromServer, value } of values) {
      if (!fromServer) {
        const words = value.kind === 'array' ? value.items.map((item) => ('text' in item ? item.text : '')) : [];
        if (words.length === 0) continue;
        const command = words[0]!.toUpperCase();
        const facts: Record<string, string> = { command };
        const silent = silenced !== 'no';
        if (silenced === 'next') silenced = 'no';
        const mode = command === 'CLIENT' && words[1]?.toUpperCase() === 'REPLY' ? words[2]?.toUpperCase() : undefined;
        if (mode === 'SKIP') silenced = 'next';
        else if (mode === 'OFF') silenced = 'all';
        else if (mode === 'ON') silenced = 'no';
        subscribed ||= command === 'MONITOR' || perChannel.has(command);
        this.exchanges.push({ stream, request: { frame, facts }, response: undefined });
        if (mode === 'OFF' || mode === 'SKIP' || (silent && mode !== 'ON')) continue;
        const replies = perChannel.has(command) ? Math.max(1, words.length - 1) : 1;
        waiting.push({ index: this.exchanges.length - 1, command, replies, given: 0 });
        continue;
      }
      if (isPushed(value, subscribed, waiting[0]?.command)) continue;
      const open = waiting[0];
      if (open === undefined) continue;
      if (open.given === 0) this.answer(open.index, frame, factsOf(value));
      const confirms = value.kind === 'array' && perChannel.has(open.command);
      // A command of subscription that fails is answered once; UNSUBSCRIBE without names says how many are left.
      if (++open.given >= open.replies || !confirms) waiting.shift();
      else if (open.replies === 1) waiting.shift();
    }
  }

  private answer(index: number, frame: number, facts: Facts): void {
    this.exchanges[index] = { ...this.exchanges[index]!, response: { frame, facts } };
  }

  private remark(text: string, count: number): void {
    this.remarks.set(text, (this.remarks.get(text) ?? 0) + count);
  }
}

/** Whether a value answers no command: a message to subscribers, an invalidation, a line of MONITOR. */
function isPushed(value: RespValue, subscribed: boolean, command: string | undefined): boolean {
  if (value.kind === 'array') {
    const first = value.items[0];
    const word = first !== undefined && 'text' in first ? first.text : '';
    if (perChannel.has(word.toUpperCase())) return command === undefined || !perChannel.has(command);
    if (value.push) return true;
    return subscribed && (word === 'message' || word === 'pmessage' || word === 'smessage');
  }
  return value.kind === 'simple' && subscribed && /^\d+\.\d+ \[/.test(value.text);
}

function factsOf(value: RespValue): Facts {
  switch (value.kind) {
    case 'error':
      return { error: value.text, result: '' };
    case 'simple':
      return { error: '', result: value.text };
    case 'null':
      return { error: '', result: 'nil' };
    default:
      return { error: '', result: '' };
  }
}

/** A value as tshark shows it; undefined for a fragment. */
function valueOf(node: PdmlNode): RespValue | undefined {
  switch (node.name) {
    case 'resp.string':
      return { kind: 'simple', text: node.show };
    case 'resp.error':
      return { kind: 'error', text: node.show };
    case 'resp.integer':
      return { kind: 'simple', text: node.show };
    case 'resp.bulk_string': {
      if (fieldIn(node, 'resp.bulk_string.length')?.show === '-1') return { kind: 'null' };
      return { kind: 'bulk', text: textOf(fieldIn(node, 'resp.bulk_string.value')) };
    }
    case 'resp.array': {
      const items = node.children.filter(({ name }) => name !== 'resp.array.length').map(valueOf);
      if (fieldIn(node, 'resp.array.length')?.show === '-1') return { kind: 'null' };
      if (items.some((item) => item === undefined)) return undefined;
      return { kind: 'array', push: false, items: items as RespValue[] };
    }
    default:
      return undefined;
  }
}

function portOf(packets: readonly PdmlPacket[]): number {
  // The end that speaks first is the client: a Redis server never does.
  return packets[0]?.sourcePort ?? 0;
}

/** Reads all bytes of both directions, each value with the packet that it began in. */
function readBytes(packets: readonly PdmlPacket[], clientPort: number): Value[] {
  const values: Value[] = [];
  const streams = new Map([true, false].map((fromServer) => [fromServer, new RespStream(!fromServer)]));
  for (const { frame, payload, sourcePort } of packets) {
    const fromServer = sourcePort !== clientPort;
    for (const { value, mark } of streams.get(fromServer)!.push(Buffer.from(payload, 'hex'), frame)) {
      values.push({ frame: mark, fromServer, value });
    }
  }
  return values;
}
