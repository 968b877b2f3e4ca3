import type { Beginning, Conversation, Message, Segment, Sender } from './dissector.ts';
import { StreamReader } from './stream-reader.ts';

/**
 * What request-response protocols with messages of known length have in common: two directions, each a run of messages with
 * holes. A direction is in step as long as it is known where its next message begins; out of step, its bytes are passed
 * over until the other end has spoken. A protocol reads single messages and says what a hole may have hidden.
 */

/** Runs of bytes that are no messages, after which the connection is taken to speak another protocol. */
const maxMisses = 3;

/** One direction of a connection; see the top of the file. */
export class FramedDirection<Origin> {
  readonly reader = new StreamReader<Origin>();
  /** False when it is unknown where the next message begins. */
  inStep = true;
  /** What was read last is no message of this protocol. */
  malformed = false;

  /** Whether bytes that were not captured hide what comes next. */
  get isBlind(): boolean {
    return this.reader.blind;
  }

  /** The next byte begins a message. */
  restart(): void {
    this.reader.restart();
    this.inStep = true;
  }

  /** Where the next message begins was not captured. */
  goBlind(): false {
    this.inStep = false;
    return false;
  }

  /** These bytes are no message of this protocol. */
  giveUp(): false {
    this.inStep = false;
    this.malformed = true;
    return false;
  }

  /** A header has to wait for the next segment, unless its rest was not captured. */
  awaitHeader(): false {
    return this.reader.gap > 0 ? this.goBlind() : false;
  }

  beginningAt(position: number): Beginning<Origin> {
    return { origin: this.reader.originAt(position), offset: this.reader.offsetAt(position) };
  }
}

/** Reads one connection; see the top of the file. */
export abstract class FramedConversation<
  Origin,
  Direction extends FramedDirection<Origin>,
> implements Conversation<Origin> {
  desynchronized = false;
  protected report!: (message: Message<Origin>) => void;
  private misses = 0;
  protected readonly client: Direction;
  protected readonly server: Direction;

  constructor(client: Direction, server: Direction) {
    this.client = client;
    this.server = server;
  }

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.desynchronized) return;
    this.report = report;
    const isRequest = sender === 'client';
    const direction = isRequest ? this.client : this.server;
    const { reader } = direction;
    if (segment.startsMessage) this.startRun(direction, isRequest, segment);
    reader.enter(segment);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- desynchronized is set while reading
    while (reader.position < reader.end && direction.inStep && !this.desynchronized)
      if (!this.readMessage(direction, isRequest, segment)) break;
    if (!direction.inStep || direction.isBlind) {
      reader.drop();
      this.loseStep(direction);
      if (direction.malformed && segment.startsMessage && ++this.misses >= maxMisses) this.desynchronized = true;
      direction.malformed = false;
      this.missed(isRequest, segment);
    }
    reader.leave();
  }

  abstract end(report: (message: Message<Origin>) => void): void;

  /** One end starts to send after the other did: what waits is settled, and a direction out of step begins anew. */
  protected abstract startRun(direction: Direction, isRequest: boolean, segment: Segment<Origin>): void;

  /** Reads one message, or a part of one; false when the rest has to wait for the next segment, or nothing can be read. */
  protected abstract readMessage(direction: Direction, isRequest: boolean, segment: Segment<Origin>): boolean;

  /** Messages may have been hidden in this direction. */
  protected abstract missed(isRequest: boolean, segment: Segment<Origin>): void;

  /** A message of this protocol was read. */
  protected understood(): void {
    this.misses = 0;
  }

  /** What follows in this direction cannot be read until it starts anew. */
  protected loseStep(direction: Direction): void {
    direction.restart();
    direction.inStep = false;
  }
}
