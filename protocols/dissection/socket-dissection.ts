import type { Protocol } from '../../schemas/generated/span.ts';
import type { Conversation, Dissector, Message, RecognitionHints, Segment, Sender } from './dissector.ts';
import { BufferedRun, type SocketEnd } from './buffered-run.ts';
import { type Recognised, recognise, type RecognitionOutcome } from './recognise.ts';

/**
 * Everything dissection keeps of one socket: recognises the protocol by the first bytes of its messages, then reads it,
 * and starts anew when the conversation turns out to be another one. Where bytes alone do not tell which end asks, the
 * message waits for what the other end says to it; a conversation that was likely is given up unless that confirms it.
 * Bounds: while undecided a BufferedRun of each end; `eagerTries` messages are tried, then only every 256th; afterwards what
 * the conversation keeps.
 */

const eagerTries = 16;
const lateTryEvery = 256;
const noBytes: Buffer = Buffer.alloc(0);

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
  /** What the end that spoke last said, while it is undecided. */
  private buffered: BufferedRun<Origin> | undefined;
  /** What the other end had said before, which is a request if this answers it. */
  private asked: BufferedRun<Origin> | undefined;
  /** The end whose words have yet to confirm the conversation. */
  private unconfirmedBy: SocketEnd | undefined;
  private tries = 0;
  private nextLocalSequence = -1;
  private nextRemoteSequence = -1;
  private localMissed = 0;
  private remoteMissed = 0;
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

  /** Bytes of one end that moved unseen between others, as far as the TCP sequence shows. */
  missedBytes(from: SocketEnd): number {
    return from === 'local' ? this.localMissed : this.remoteMissed;
  }

  /** Datagrams go to another peer from now on. */
  changePeer(remotePort: number): void {
    this.remotePort = remotePort;
  }

  /**
   * Reads the next segment and reports the messages that became clear, in order.
   * @param tcpSequence - sequence number of the segment's first byte, so that lost events show as holes; 0 where there is
   *   none (datagrams) or where it counts other bytes (TLS)
   * @param gapBytes - how many bytes are known to be missing in front of it; where earlier sequence numbers are known, they say
   *   the same
   * @returns how many bytes of the segment were not seen before
   */
  read(
    from: SocketEnd,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
    tcpSequence = 0,
    gapBytes = 0,
  ): number {
    // Numbers begin anew after 32 bits: 0 is one where it is the next.
    const isPlaced = tcpSequence !== 0 || this.nextSequence(from) === 0;
    const fresh = isPlaced ? this.placeInStream(from, segment, report, tcpSequence, gapBytes) : segment;
    if (fresh === undefined) return 0;
    this.readSegment(from, fresh, report);
    return fresh.length;
  }

  /** The connection was closed: reports the message whose rest will not come any more. */
  end(report: (message: Message<Origin>) => void): void {
    this.conversation?.end(report);
    this.forget();
  }

  private nextSequence(from: SocketEnd): number {
    return from === 'local' ? this.nextLocalSequence : this.nextRemoteSequence;
  }

  /** Reads the hole before a segment as such, and returns what of the segment was not seen before. */
  private placeInStream(
    from: SocketEnd,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
    tcpSequence: number,
    gapBytes: number,
  ): Segment<Origin> | undefined {
    const expected = this.nextSequence(from);
    const step = expected < 0 ? gapBytes : (tcpSequence - expected) | 0;
    // Bytes read twice (MSG_PEEK), or calls of two threads that overtook one another.
    const repeated = step < 0 ? Math.min(-step, segment.length) : 0;
    if (repeated < segment.length || expected < 0) {
      const next = (tcpSequence + segment.length) >>> 0;
      if (from === 'local') this.nextLocalSequence = next;
      else this.nextRemoteSequence = next;
    }
    if (step > 0) {
      if (from === 'local') this.localMissed += step;
      else this.remoteMissed += step;
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
    if (from === this.unconfirmedBy && segment.bytes.length > 0) {
      this.confirm(conversation, from, segment, report);
      return;
    }
    conversation.read(this.senderOf(from), segment, report);
    if (conversation.desynchronized) this.forget();
  }

  /** The other end answers what was only likely to be a request. */
  private confirm(
    conversation: Conversation<Origin>,
    from: SocketEnd,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
  ): void {
    const run = this.buffered ?? new BufferedRun<Origin>(from);
    const bytes = run.join(segment);
    const outcome = recognise([this.recognised!], bytes, {
      ...this.hints(from, run.length + segment.length),
      mayAnswer: true,
    });
    if (outcome.kind === 'recognised' && outcome.sender === 'server') {
      this.unconfirmedBy = undefined;
      this.buffered = undefined;
      run.replay((one) => conversation.read('server', one, report));
      conversation.read('server', segment, report);
      if (conversation.desynchronized) this.forget();
      return;
    }
    if (outcome.kind === 'undecided' && run.add(segment)) {
      this.buffered = run;
      return;
    }
    // Perhaps these are the requests, and the others were the answers.
    this.forget();
    if (outcome.kind !== 'either') return;
    run.addRest(segment);
    run.dissector = outcome.dissector;
    this.buffered = run;
  }

  private senderOf(from: SocketEnd): Sender {
    if (from === 'local') return this.local;
    return otherSender(this.local);
  }

  private decide(from: SocketEnd, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const continues = this.buffered?.from === from && !segment.startsMessage;
    if (!continues) {
      this.asked = this.buffered?.from !== from && this.buffered?.dissector !== undefined ? this.buffered : undefined;
      this.buffered = undefined;
      // Redaction sends nothing of a connection as long as it does not recognise the protocol: that tells nothing.
      if (!segment.startsMessage || segment.bytes.length === 0) {
        this.asked = undefined;
        return;
      }
      if (this.asked === undefined) {
        this.tries++;
        if (this.tries > eagerTries && this.tries % lateTryEvery !== 0) return;
      }
    } else if (this.buffered?.dissector !== undefined) {
      this.buffered.addRest(segment);
      return;
    }
    const run = this.buffered ?? new BufferedRun<Origin>(from);
    const hints = this.hints(from, run.length + segment.length);
    const outcome = this.judge(run.join(segment), hints);
    switch (outcome.kind) {
      case 'recognised':
        this.open(outcome, from, run, segment, hints, report);
        return;
      case 'either':
        run.addRest(segment);
        run.dissector = outcome.dissector;
        this.buffered = run;
        this.asked = undefined;
        this.tries = 0;
        return;
      case 'undecided':
        this.buffered = run.add(segment) ? run : undefined;
        return;
      case 'no':
        this.buffered = undefined;
    }
  }

  /** What these bytes are, as an answer to what the other end said or of themselves. */
  private judge(bytes: Buffer, hints: RecognitionHints): RecognitionOutcome {
    if (this.asked?.dissector !== undefined) {
      const outcome = recognise([this.asked.dissector], bytes, { ...hints, mayAnswer: true });
      if (outcome.kind !== 'no') return outcome;
      this.asked = undefined;
    }
    return recognise(this.dissectors, bytes, hints);
  }

  private open(
    { dissector, sender, isProven }: Recognised,
    from: SocketEnd,
    run: BufferedRun<Origin>,
    segment: Segment<Origin>,
    hints: RecognitionHints,
    report: (message: Message<Origin>) => void,
  ): void {
    const { asked } = this;
    const conversation = dissector.open<Origin>(hints);
    this.recognised = dissector;
    this.conversation = conversation;
    this.local = from === 'local' ? sender : otherSender(sender);
    this.unconfirmedBy = isProven ? undefined : from === 'local' ? 'remote' : 'local';
    this.tries = 0;
    this.buffered = undefined;
    this.asked = undefined;
    if (sender === 'server') asked?.replay((one) => conversation.read('client', one, report));
    run.replay((one) => conversation.read(sender, one, report));
    conversation.read(sender, segment, report);
    if (conversation.desynchronized) this.forget();
  }

  private hints(from: SocketEnd, length: number): RecognitionHints {
    const { localRole, localPort, transport } = this.facts;
    const { remotePort } = this;
    if (from === 'local')
      return { sender: localRole, senderPort: localPort, receiverPort: remotePort, transport, length };
    const sender = localRole === undefined ? undefined : otherSender(localRole);
    return { sender, senderPort: remotePort, receiverPort: localPort, transport, length };
  }

  private forget(): void {
    this.conversation = undefined;
    this.recognised = undefined;
    this.unconfirmedBy = undefined;
    this.buffered = undefined;
    this.asked = undefined;
  }
}

function otherSender(sender: Sender): Sender {
  return sender === 'client' ? 'server' : 'client';
}
