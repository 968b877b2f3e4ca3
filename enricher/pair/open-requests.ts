/**
 * The requests of one socket that wait for their response, in the order of arrival. A few are searched linearly. More, as on the
 * socket of a name server that does not answer, are found by keys: by fields that a response shares with its request. So a
 * step has constant cost.
 *
 * A response belongs to the request with its correlation id, else to the oldest. It went the other way; where it was a
 * datagram, it was also one of the same peer. A peer is not known where a program does not ask for it: `recv()` on a socket
 * that is not connected. Then the id has to be enough, and is where it stands for one question only.
 */
import { LinkedList, type ListNode } from '../linked-list.ts';
import { type OpenRequest, type Peer, unknownPort } from './open-request.ts';

const fewRequests = 16;
const maxOver = 64;

/** The open requests of one socket; see the top of the file. */
export class OpenRequests {
  /** Requests looked at to find others, since the start; for tests. */
  steps = 0;
  private readonly order = new LinkedList<OpenRequest>();
  private readonly isDatagram: boolean;
  /** There once more than a few wait, until none does. */
  private index: OpenIndex | undefined;
  /** Those that are over and keep their node. */
  private over = 0;

  constructor(isDatagram: boolean) {
    this.isDatagram = isDatagram;
  }

  get size(): number {
    return this.order.size;
  }

  get oldest(): OpenRequest | undefined {
    return this.order.oldest?.item;
  }

  get newest(): OpenRequest | undefined {
    return this.order.newest?.item;
  }

  push(open: OpenRequest): void {
    open.node = this.order.append(open);
    if (this.index !== undefined) this.index.add(open);
    else if (this.order.size > fewRequests) {
      this.index = new OpenIndex(this.isDatagram);
      for (let node = this.order.oldest; node !== undefined; node = node.newer) this.index.add(node.item);
    }
  }

  /** Takes a request out, if it is there. */
  remove(open: OpenRequest): void {
    const { node } = open;
    if (node === undefined) return;
    open.node = undefined;
    open.successor = node.newer?.item;
    this.order.remove(node);
    this.index?.remove(open);
    if (open.isOver) this.over--;
    if (this.order.size === 0) this.index = undefined;
  }

  /** Takes all out, the oldest first. */
  takeAll(): readonly OpenRequest[] {
    const all: OpenRequest[] = [];
    for (let { oldest } = this; oldest !== undefined; { oldest } = this) {
      all.push(oldest);
      this.remove(oldest);
    }
    return all;
  }

  /**
   * Ends a request before its response. Where every request is sure to have one, in their order, it keeps its place, so
   * that a late response is not taken for that to the next request. Of those, at most 64 are kept.
   */
  leave(open: OpenRequest, keepsOrder: boolean): void {
    if (open.node === undefined) return;
    if (!keepsOrder) {
      this.remove(open);
      open.isOver = true;
      return;
    }
    open.isOver = true;
    this.over++;
    if (this.over > maxOver) this.remove(this.oldest!);
  }

  /**
   * Takes out the request that a response belongs to.
   *
   * @param ingress whether the response came in
   * @param peer of a datagram
   */
  take(requestId: number, ingress: boolean, peer: Peer): OpenRequest | undefined {
    const found =
      this.index === undefined ? this.find(requestId, ingress, peer) : this.lookUp(requestId, ingress, peer);
    if (found !== undefined) this.remove(found);
    return found;
  }

  private find(requestId: number, ingress: boolean, peer: Peer): OpenRequest | undefined {
    for (let node = this.order.oldest; node !== undefined; node = node.newer) {
      this.steps++;
      const open = node.item;
      if (fits(open, requestId, ingress) && (!this.isDatagram || isPeerOf(open, peer))) return open;
    }
    return this.isDatagram ? this.findById(requestId, ingress, peer) : undefined;
  }

  private findById(requestId: number, ingress: boolean, { remotePort }: Peer): OpenRequest | undefined {
    let found: OpenRequest | undefined;
    for (let node = this.order.oldest; node !== undefined; node = node.newer) {
      this.steps++;
      const open = node.item;
      if (!fits(open, requestId, ingress) || !(remotePort === unknownPort ? isFoundById(open) : isFoundByAny(open)))
        continue;
      if (found === undefined) found = open;
      else if (!isSameQuestion(found, open)) return undefined;
    }
    return found;
  }

  private lookUp(requestId: number, ingress: boolean, peer: Peer): OpenRequest | undefined {
    this.steps++;
    const index = this.index!;
    const group = groupOf(requestId, ingress);
    if (!this.isDatagram) return index.only(group);
    const { remotePort } = peer;
    const found = remotePort === unknownPort ? undefined : index.only(ofPeer(group, peer));
    return found ?? index.only(remotePort === unknownPort ? byId(group) : byAny(group));
  }
}

function fits({ message, origin }: OpenRequest, requestId: number, ingress: boolean): boolean {
  return message.requestId === requestId && origin.ingress !== ingress;
}

function isPeerOf(open: OpenRequest, { remotePort, remoteAddress }: Peer): boolean {
  return remotePort !== unknownPort && remotePort === open.remotePort && sameBytes(remoteAddress, open.remoteAddress);
}

/** Whether a response of an unknown peer may be its own. mDNS has no ids. */
function isFoundById({ message, remoteAddress }: OpenRequest): boolean {
  return message.requestId !== 0 || !isMulticast(remoteAddress);
}

/** Whether a response of any peer may belong to it: any receiver of a multicast question may answer. */
function isFoundByAny({ message, remoteAddress, remotePort }: OpenRequest): boolean {
  return isMulticast(remoteAddress) ? message.requestId !== 0 : remotePort === unknownPort;
}

/** A client repeats a request without an answer: one response answers both. With unknown peers it may be two clients. */
function isSameQuestion(one: OpenRequest, other: OpenRequest): boolean {
  return (
    hasQuestion(one) &&
    one.remotePort === other.remotePort &&
    sameBytes(one.remoteAddress, other.remoteAddress) &&
    one.message.requestType === other.message.requestType &&
    one.message.requestResource === other.message.requestResource
  );
}

function hasQuestion({ remotePort, message }: OpenRequest): boolean {
  return remotePort !== unknownPort && message.requestType !== '';
}

/**
 * Requests by groups of which a response names one. Within a group they are apart by question: a response belongs to a
 * group's oldest request if all in it ask the same.
 */
class OpenIndex {
  private readonly groups = new Map<string, Map<string, LinkedList<OpenRequest>>>();
  private readonly entries = new Map<OpenRequest, readonly Entry[]>();
  private readonly isDatagram: boolean;
  private unique = 0;

  constructor(isDatagram: boolean) {
    this.isDatagram = isDatagram;
  }

  add(open: OpenRequest): void {
    const group = groupOf(open.message.requestId, !open.origin.ingress);
    if (!this.isDatagram) {
      this.entries.set(open, [this.put(open, group, '')]);
      return;
    }
    const entries: Entry[] = [];
    if (open.remotePort !== unknownPort) entries.push(this.put(open, ofPeer(group, open), ''));
    const question = this.questionOf(open);
    if (isFoundById(open)) entries.push(this.put(open, byId(group), question));
    if (isFoundByAny(open)) entries.push(this.put(open, byAny(group), question));
    this.entries.set(open, entries);
  }

  remove(open: OpenRequest): void {
    for (const { group, question, node } of this.entries.get(open) ?? []) {
      node.list.remove(node);
      if (node.list.size > 0) continue;
      const questions = this.groups.get(group);
      questions?.delete(question);
      if (questions?.size === 0) this.groups.delete(group);
    }
    this.entries.delete(open);
  }

  /** The oldest of a group that asks but one question. */
  only(group: string): OpenRequest | undefined {
    const questions = this.groups.get(group);
    if (questions?.size !== 1) return undefined;
    for (const list of questions.values()) return list.oldest?.item;
    return undefined;
  }

  private put(open: OpenRequest, group: string, question: string): Entry {
    let questions = this.groups.get(group);
    if (questions === undefined) this.groups.set(group, (questions = new Map<string, LinkedList<OpenRequest>>()));
    let list = questions.get(question);
    if (list === undefined) questions.set(question, (list = new LinkedList<OpenRequest>()));
    return { group, question, node: list.append(open) };
  }

  private questionOf(open: OpenRequest): string {
    if (!hasQuestion(open)) return `#${this.unique++}`;
    const { requestType, requestResource } = open.message;
    return `${peerText(open)} ${requestType} ${requestResource}`;
  }
}

interface Entry {
  readonly group: string;
  readonly question: string;
  readonly node: ListNode<OpenRequest>;
}

/** @param ingress whether the response comes in */
const groupOf = (requestId: number, ingress: boolean): string => `${requestId}${ingress ? '<' : '>'}`;
const ofPeer = (group: string, peer: Peer): string => group + peerText(peer);
const byId = (group: string): string => `${group}id`;
const byAny = (group: string): string => `${group}any`;

function peerText({ remoteAddress, remotePort }: Peer): string {
  let text = `${remotePort}@`;
  for (const byte of remoteAddress) text += String.fromCharCode(byte);
  return text;
}

/** IPv4 224.0.0.0/4 and IPv6 ff00::/8. */
function isMulticast(address: Uint8Array): boolean {
  return address.length === 4 ? address[0]! >> 4 === 0xe : address.length === 16 && address[0] === 0xff;
}

/** Whether two addresses are the same. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
