import type { Protocol } from '../../schemas/generated/span.ts';
import type { Conversation, Dissector, Message, RecognitionHints, Segment, Sender } from './dissector.ts';
import { recognise } from './recognise.ts';

/**
 * Everything dissection keeps of one socket: recognises the protocol by the first bytes of its messages, then reads it,
 * and starts anew when the conversation turns out to be another one. Bounds: while undecided at most 512 bytes of one
 * direction, in at most 64 segments (a message may come in single bytes); `eagerTries` messages are tried, then only every
 * 256th; afterwards what the conversation keeps.
 */

const maxHeldSegments = 64;
const maxHeldBytes = 512;
const eagerTries = 16;
const lateTryEvery = 256;
const noBytes: Buffer = Buffer.alloc(0);

/** Which end of the socket a segment came from, as the host sees it. */
export type SocketEnd = 'local' | 'remote';

/** What the kernel knows of the socket. */
export interface SocketFacts {
  /** Whether the local end connected (client) or accepted (server); undefined when neither was seen. */
  readonly localRole: Sender | undefined;
  readonly localPort: number;
  readonly remotePort: number;
  readonly transport: RecognitionHints['transport'];
}

/** Dissects one socket; see the top of the file. */
export class SocketDissection<Origin> {
  private conversation: Conversation<Origin> | undefined;
  private recognised: Dissector | undefined;
  private local: Sender = 'client';
  private readonly held: Segment<Origin>[] = [];
  private heldBytes: Buffer = noBytes;
  private heldFrom: SocketEnd = 'local';
  private tries = 0;
  private nextLocalSequence = -1;
  private nextRemoteSequence = -1;
  private readonly dissectors: readonly Dissector[];
  private readonly facts: SocketFacts;
  private remotePort: number;

  constructor(dissectors: readonly Dissector[], facts: SocketFacts) {
    this.dissectors = dissectors;
    this.facts = facts;
    this.remotePort = facts.remotePort;
  }

  /** The dissector in charge; undefined while nothing is recognised. */
  get dissector(): Dissector | undefined {
    return this.recognised;
  }

  /** The protocol spoken; unknown while nothing is recognised. */
  get protocol(): Protocol {
    return this.recognised?.protocol ?? 'unknown';
  }

  /** Which part the local end plays: of the conversation once there is one, else as the kernel says. */
  get localRole(): Sender | undefined {
    return this.conversation === undefined ? this.facts.localRole : this.local;
  }

  /** Datagrams go to another peer from now on. */
  changePeer(remotePort: number): void {
    this.remotePort = remotePort;
  }

  /**
   * Reads the next segment and reports the messages that became clear, in order.
   * @param tcpSequence - sequence number of the segment's first byte, so that lost events show as holes; 0 where there is
   *   none (datagrams, Unix sockets) or where it counts other bytes (TLS)
   * @returns how many bytes of the segment were not seen before
   */
  read(from: SocketEnd, segment: Segment<Origin>, report: (message: Message<Origin>) => void, tcpSequence = 0): number {
    const fresh = tcpSequence === 0 ? segment : this.placeInStream(from, segment, report, tcpSequence);
    if (fresh === undefined) return 0;
    this.readSegment(from, fresh, report);
    return fresh.length;
  }

  /** The connection was closed: reports the message whose rest will not come any more. */
  end(report: (message: Message<Origin>) => void): void {
    this.conversation?.end(report);
    this.forget();
  }

  /** Reads the hole before a segment as such, and returns what of the segment was not seen before. */
  private placeInStream(
    from: SocketEnd,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
    tcpSequence: number,
  ): Segment<Origin> | undefined {
    const expected = from === 'local' ? this.nextLocalSequence : this.nextRemoteSequence;
    const step = expected < 0 ? 0 : (tcpSequence - expected) | 0;
    // Bytes read twice (MSG_PEEK), or calls of two threads that overtook one another.
    const repeated = step < 0 ? Math.min(-step, segment.length) : 0;
    if (repeated < segment.length || expected < 0) {
      const next = (tcpSequence + segment.length) >>> 0;
      if (from === 'local') this.nextLocalSequence = next;
      else this.nextRemoteSequence = next;
    }
    if (step > 0) {
      this.readSegment(from, { ...segment, bytes: noBytes, length: step, startsMessage: false }, report);
    }
    if (repeated === 0) return segment;
    if (repeated >= segment.length) return undefined;
    return { ...segment, bytes: segment.bytes.subarray(repeated), length: segment.length - repeated };
  }

  private readSegment(from: SocketEnd, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const conversation = this.conversation;
    if (conversation === undefined) {
      this.decide(from, segment, report);
      return;
    }
    conversation.read(this.senderOf(from), segment, report);
    if (conversation.lost) this.forget();
  }

  private senderOf(from: SocketEnd): Sender {
    if (from === 'local') return this.local;
    return this.local === 'client' ? 'server' : 'client';
  }

  private decide(from: SocketEnd, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const continues = this.held.length > 0 && this.heldFrom === from && !segment.startsMessage;
    if (!continues) {
      this.letGo();
      // Redaction sends nothing of a connection as long as it does not recognise the protocol: that tells nothing.
      if (!segment.startsMessage || segment.bytes.length === 0) return;
      this.tries++;
      if (this.tries > eagerTries && this.tries % lateTryEvery !== 0) return;
    }
    const bytes = continues ? Buffer.concat([this.heldBytes, segment.bytes]) : segment.bytes;
    const hints = this.hints(
      from,
      this.held.reduce((sum, one) => sum + one.length, segment.length),
    );
    const outcome = recognise(this.dissectors, bytes, hints);
    switch (outcome.kind) {
      case 'recognised': {
        this.recognised = outcome.dissector;
        this.local = from === 'local' ? outcome.sender : outcome.sender === 'client' ? 'server' : 'client';
        this.conversation = outcome.dissector.open<Origin>(hints);
        this.tries = 0;
        const earlier = this.held.splice(0);
        this.letGo();
        for (const one of earlier) this.conversation.read(outcome.sender, one, report);
        this.conversation.read(outcome.sender, segment, report);
        if (this.conversation.lost) this.forget();
        return;
      }
      case 'undecided': {
        const whole = segment.length <= segment.bytes.length;
        if (whole && bytes.length <= maxHeldBytes) this.hold(from, segment, bytes);
        else this.letGo();
        return;
      }
      case 'no':
        this.letGo();
    }
  }

  /** Keeps a segment for the next one to decide. Copies, so that a few bytes do not keep their whole batch alive. */
  private hold(from: SocketEnd, segment: Segment<Origin>, bytes: Buffer): void {
    const own = Buffer.from(segment.bytes);
    const last = this.held.at(-1);
    this.heldFrom = from;
    this.heldBytes = last === undefined ? own : bytes;
    if (last === undefined || this.held.length < maxHeldSegments) {
      this.held.push({ ...segment, bytes: own });
      return;
    }
    // The message began long before: these bytes may as well have come together with the ones before them.
    const joined = Buffer.concat([last.bytes, own]);
    this.held[this.held.length - 1] = { ...last, bytes: joined, length: joined.length };
  }

  private letGo(): void {
    this.held.length = 0;
    this.heldBytes = noBytes;
  }

  private hints(from: SocketEnd, length: number): RecognitionHints {
    const { localRole, localPort, transport } = this.facts;
    const { remotePort } = this;
    if (from === 'local')
      return { sender: localRole, senderPort: localPort, receiverPort: remotePort, transport, length };
    const sender = localRole === undefined ? undefined : localRole === 'client' ? 'server' : 'client';
    return { sender, senderPort: remotePort, receiverPort: localPort, transport, length };
  }

  private forget(): void {
    this.conversation = undefined;
    this.recognised = undefined;
  }
}
