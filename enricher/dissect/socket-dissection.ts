import type { Protocol } from '../../schemas/generated/span.ts';
import type { Conversation, Dissector, Message, RecognitionHints, Segment, Sender } from './dissector.ts';
import { recognise } from './recognise.ts';

/**
 * Everything dissection keeps of one socket: recognises the protocol by the first bytes of its messages, then reads it,
 * and starts anew when the conversation turns out to be another one. Bounds: while undecided at most four segments of one
 * direction with 512 bytes; `eagerTries` messages are tried, then only every 256th; afterwards what the conversation
 * keeps.
 */

const maxHeldSegments = 4;
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
  private held: Segment<Origin>[] = [];
  private heldFrom: SocketEnd = 'local';
  private tries = 0;
  private nextLocalSequence = -1;
  private nextRemoteSequence = -1;
  private readonly dissectors: readonly Dissector[];
  private readonly facts: SocketFacts;

  constructor(dissectors: readonly Dissector[], facts: SocketFacts) {
    this.dissectors = dissectors;
    this.facts = facts;
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

  /**
   * Reads the next segment and reports the messages that became clear, in order.
   * @param tcpSequence - sequence number of the segment's first byte, so that lost events show as holes; 0 where there is
   *   none (datagrams, Unix sockets) or where it counts other bytes (TLS)
   */
  read(from: SocketEnd, segment: Segment<Origin>, report: (message: Message<Origin>) => void, tcpSequence = 0): void {
    const fresh = tcpSequence === 0 ? segment : this.placeInStream(from, segment, report, tcpSequence);
    if (fresh !== undefined) this.readSegment(from, fresh, report);
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
      this.readSegment(
        from,
        { ...segment, bytes: noBytes, length: step, startsMessage: false, afterPause: false },
        report,
      );
      // When the bytes of the hole moved is unknown: there may have been no pause.
      return { ...segment, afterPause: false };
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
      this.held = [];
      if (!segment.startsMessage) return;
      this.tries++;
      if (this.tries > eagerTries && this.tries % lateTryEvery !== 0) return;
    }
    const bytes = continues ? Buffer.concat([...this.held.map((one) => one.bytes), segment.bytes]) : segment.bytes;
    const outcome = recognise(this.dissectors, bytes, this.hints(from));
    switch (outcome.kind) {
      case 'recognised': {
        this.recognised = outcome.dissector;
        this.local = from === 'local' ? outcome.sender : outcome.sender === 'client' ? 'server' : 'client';
        this.conversation = outcome.dissector.open<Origin>();
        this.tries = 0;
        const earlier = this.held;
        this.held = [];
        for (const one of earlier) this.conversation.read(outcome.sender, one, report);
        this.conversation.read(outcome.sender, segment, report);
        if (this.conversation.lost) this.forget();
        return;
      }
      case 'undecided': {
        const whole = segment.length <= segment.bytes.length;
        if (whole && this.held.length < maxHeldSegments && bytes.length <= maxHeldBytes) {
          // A copy, so that a few waiting bytes do not keep the whole batch they came in alive.
          this.held.push({ ...segment, bytes: Buffer.from(segment.bytes) });
          this.heldFrom = from;
        } else {
          this.held = [];
        }
        return;
      }
      case 'no':
        this.held = [];
    }
  }

  private hints(from: SocketEnd): RecognitionHints {
    const { localRole, localPort, remotePort, transport } = this.facts;
    if (from === 'local') return { sender: localRole, senderPort: localPort, receiverPort: remotePort, transport };
    const sender = localRole === undefined ? undefined : localRole === 'client' ? 'server' : 'client';
    return { sender, senderPort: remotePort, receiverPort: localPort, transport };
  }

  private forget(): void {
    this.conversation = undefined;
    this.recognised = undefined;
  }
}
