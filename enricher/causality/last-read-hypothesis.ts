import type { Hypothesis, ReplyAttribution } from './hypothesis.ts';
import {
  type Attribution,
  attributionOf,
  type InboundMessage,
  type InboundRequest,
  isReplyContested,
  isVerdictContested,
  type Read,
  rootOf,
  stepOf,
  stepsTo,
  type Trust,
  type Write,
} from './messages.ts';
import { TrackRecords } from './track-records.ts';

/**
 * A write continues what its context read last (Node, nginx, a thread per connection). Where one call read several messages
 * (a pipelined connection), writes follow in the order of the messages, one each; replies show whether they did.
 */

/** Circumstances; the least certain one last. */
const alone = 0;
const amongRivals = 1;
const sameSocket = 2;
const several = 3;
const circumstances = 4;

/** See the top of the file. */
export class LastReadHypothesis implements Hypothesis {
  readonly rule = 'last_read';
  readonly holdsAlone = true;
  readonly explainsStrays = false;
  private readonly index: number;
  private readonly records = new TrackRecords(circumstances);

  constructor(index: number) {
    this.index = index;
  }

  get makesPhasesNeedless(): boolean {
    return this.records.of(amongRivals, true).learned;
  }

  /** Gives the writes that followed a read of several messages to these messages. */
  read({ messages, laterWrites }: Read): void {
    if (laterWrites === undefined) return;
    const first = rootOf(messages[0]!, this.index);
    if (first !== undefined && messages.every((message) => rootOf(message, this.index) === first)) {
      const last = messages[messages.length - 1]!;
      for (const write of laterWrites) write.attributions[this.index] = this.attribution(write, last, several);
      return;
    }
    if (laterWrites.length !== messages.length) return;
    const fits = laterWrites.every(({ reply }, index) => {
      const root = reply === undefined ? undefined : rootOf(messages[index]!, this.index);
      return root === undefined || root === reply;
    });
    if (!fits) return;
    laterWrites.forEach((write, index) => {
      write.attributions[this.index] = this.attribution(write, messages[index]!, several);
    });
  }

  /** Decides at once where one message was read; several are decided by {@link read}, when nothing more can follow. */
  write(write: Write, after: Read | undefined): void {
    const isOne = after?.messages.length === 1;
    write.attributions[this.index] = isOne ? this.ofOne(write, after, after.messages[0]!) : undefined;
  }

  phaseEnd(): void {
    // A read of the phase before is no cause in the next: the context forgets it.
  }

  isDone(): boolean {
    return false;
  }

  attribute(reply: Write, read: Read | undefined, replied: InboundRequest): ReplyAttribution | undefined {
    if (read === undefined) return undefined;
    const { messages } = read;
    const contested = isReplyContested(reply, read);
    if (messages.length > 1) {
      const call = messages.findLast(
        (message) => message.kind === 'response' && rootOf(message, this.index) === replied,
      );
      return call?.kind === 'response' ? { call, circumstance: several, contested } : undefined;
    }
    const call = messages[0];
    return call?.kind === 'response' ? { call, circumstance: circumstanceOf(read), contested } : undefined;
  }

  /** A reply can contradict it only with two or more requests in flight: the two cases have separate records. */
  reply(reply: Write, read: Read | undefined, replied: InboundRequest): void {
    if (read === undefined || read.messages.length === 0) return;
    const { records } = this;
    const isContested = (right: boolean): boolean => isVerdictContested(right, reply, read, replied.context);
    if (read.messages.length > 1) {
      const roots = read.messages.map((message) => rootOf(message, this.index));
      const right = roots.includes(replied);
      if (right || roots.every((root) => root !== undefined)) records.add(several, isContested(right), right);
      return;
    }
    const message = read.messages[0]!;
    // A request that was answered while one of its calls was under way counts against the hypothesis too.
    const root = rootOf(message, this.index);
    if (root === undefined) return;
    const circumstance = circumstanceOf(read);
    if (message.kind === 'request') {
      records.add(circumstance, isContested(root === replied), root === replied);
      return;
    }
    const right = root === replied;
    const steps = stepOf(circumstance) | stepsTo(message, this.index);
    // A call made when there was nothing else it could belong to proves nothing.
    this.credit(steps, isContested(right) && message.write.openRequests >= 2, right);
  }

  /** Uses the record of the circumstance, or, with a single request in flight, that of a harder circumstance. */
  trust(circumstance: number, contested: boolean): Trust {
    if (circumstance === alone) return this.records.trustOrHarder(alone, amongRivals, contested);
    return this.records.trust(circumstance, contested);
  }

  private ofOne(write: Write, read: Read, message: InboundMessage): Attribution {
    const onSame = message.kind === 'response' && message.socketId === write.socketId;
    return this.attribution(write, message, onSame ? sameSocket : circumstanceOf(read));
  }

  private attribution(write: Write, message: InboundMessage, circumstance: number): Attribution {
    return attributionOf(this, this.index, write, message, circumstance);
  }

  /** If the result is right, every step counts as right; if it is wrong, only the least certain step counts as wrong. */
  private credit(steps: number, contested: boolean, right: boolean): void {
    for (let circumstance = circumstances - 1; circumstance >= 0; circumstance--) {
      if ((steps & stepOf(circumstance)) === 0) continue;
      this.records.add(circumstance, contested, right);
      if (!right) return;
    }
  }
}

const circumstanceOf = ({ rank }: Read): number => (rank === 1 ? alone : amongRivals);
