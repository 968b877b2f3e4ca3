import { LruEntry } from '../lru.ts';
import { type InboundMessage, type InboundRequest, type MessageContext, Read, type Write } from './messages.ts';
import { PhaseHistory } from './phase-history.ts';
import type { ProcessHypotheses } from './process-hypotheses.ts';

const maxLaterWrites = 256;
/** Of the latest writes, about 64, those that followed no read of their phase: with more, what was read last is not all. */
const strayWindow = 64;
const maxStrays = 2;
const noMessages: readonly InboundMessage[] = [];

/** How often events of one agent were lost; a context then forgets what is in flight at its next event. */
export interface Losses {
  count: number;
}

/** One execution context: a thread, a goroutine, a greenlet. */
export class ExecutionContext extends LruEntry implements MessageContext {
  readonly process: ProcessHypotheses;
  phase = 0;
  openRequests = 0;
  awaitingReply = 0;
  order = 0;
  lastRead: Read | undefined = undefined;
  /** The request that it read last; it serves that until it is answered. */
  private asked: InboundRequest | undefined = undefined;
  /** What the context that created it served or worked for when this one was first seen. */
  private inherited: InboundRequest | undefined = undefined;
  private readsInPhase = 0;
  private readonly history: PhaseHistory;
  private strays = 0;
  /** Phases seen to begin; only a context that waits for many sockets at once has any. */
  private phases = 0;
  private readonly losses: Losses;
  private lossesSeen: number;

  constructor(process: ProcessHypotheses, losses: Losses) {
    super();
    this.process = process;
    this.losses = losses;
    this.lossesSeen = losses.count;
    this.history = new PhaseHistory((message) => isOver(message) || process.all.some((each) => each.isDone(message)));
  }

  /** It was first seen, and this context created it. */
  inherit(creator: ExecutionContext): void {
    this.inherited = creator.serves ?? creator.worksFor;
  }

  /** The request that it serves itself. */
  get serves(): InboundRequest | undefined {
    return this.asked?.isOpen === true ? this.asked : undefined;
  }

  /** The request that its creator served when it began; never a later one of the same creator. */
  get worksFor(): InboundRequest | undefined {
    return this.inherited?.isOpen === true ? this.inherited : undefined;
  }

  /**
   * Every event starts here: ends the phases that are over.
   *
   * @param phase undefined if the event does not have it: the first bytes of a connection carry that of its connect
   */
  enter(phase: number | undefined): void {
    if (this.lossesSeen !== this.losses.count) this.forget();
    this.order++;
    if (phase === undefined || phase === this.phase) return;
    this.readBegins();
    this.lastRead = undefined;
    this.readsInPhase = 0;
    if (phase > this.phase && this.looksAtPhases)
      this.history.advance(this.phase, phase, (ended) => {
        const { arePhasesNeedless } = this;
        for (const hypothesis of this.process.all)
          if (!arePhasesNeedless || hypothesis.explainsStrays) hypothesis.phaseEnd(this.history, ended);
      });
    else this.history.reset();
    this.phase = phase;
    this.phases++;
  }

  /** The last read, if it is the one the kernel names. */
  readNamed(after: number): Read | undefined {
    return after !== 0 && this.lastRead?.messageId === after ? this.lastRead : undefined;
  }

  /** Something is about to be read: nothing more can follow from the read before. */
  readBegins(): void {
    const read = this.lastRead;
    if (read?.laterWrites === undefined) return;
    for (const hypothesis of this.process.all) hypothesis.read(read);
    read.laterWrites = undefined;
  }

  /**
   * Something was read.
   *
   * @param arrived - the part of `messages` that is complete now and can be handled
   * @param isEnd - only that no more comes
   */
  read(
    messageId: number,
    messages: readonly InboundMessage[],
    arrived: readonly InboundMessage[],
    isEnd = false,
  ): void {
    if (this.lastRead?.messageId !== messageId) this.readsInPhase++;
    const read = new Read(messageId, this.readsInPhase, this, isEnd);
    read.messages = messages.length === 0 ? noMessages : messages;
    for (const message of messages) if (message.kind === 'request') this.asked = message;
    if (messages.length > 1) read.laterWrites = [];
    this.lastRead = read;
    if (arrived.length > 0 && this.looksAtPhases) this.history.arrive(this.phase, this.order, arrived);
  }

  /** What was read last goes on under the id of another message, which only answers what was written since. */
  readOn(messageId: number): void {
    const { lastRead } = this;
    if (lastRead !== undefined && lastRead.messageId !== messageId) this.lastRead = lastRead.under(messageId);
  }

  /** Something was written, or a connection begun for it. */
  wrote(write: Write, after: Read | undefined): void {
    if (this.lossesSeen !== this.losses.count) this.forget();
    this.strays += (after === undefined ? 1 : 0) - this.strays / strayWindow;
    const laterWrites = after?.laterWrites;
    if (laterWrites !== undefined && laterWrites.length < maxLaterWrites) laterWrites.push(write);
    if (this.looksAtPhases) this.history.write(this.phase, write);
  }

  /** Events of this context were lost: forgets what was in flight. */
  private forget(): void {
    this.lossesSeen = this.losses.count;
    this.lastRead = undefined;
    this.asked = undefined;
    this.inherited = undefined;
    this.readsInPhase = 0;
    this.history.reset();
  }

  private get looksAtPhases(): boolean {
    return this.phases > 1 && (this.strays > maxStrays || !this.arePhasesNeedless);
  }

  private get arePhasesNeedless(): boolean {
    for (const hypothesis of this.process.all) if (hypothesis.makesPhasesNeedless) return true;
    return false;
  }
}

const isOver = (message: InboundMessage): boolean => message.kind === 'request' && !message.awaitsReply;
