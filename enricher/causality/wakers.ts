/**
 * Who waited for whom: a thread of a pool, or an event loop, reads the response to a call and then wakes the thread that waits for it, which
 * replies (`woken_after` of events). The call was for the request that the thread serves until it replies. A thread that has
 * several requests open waits for none of them so, and a read with several responses does not say which was waited for.
 */
import type { Cause } from '../../schemas/generated/span.ts';
import { candidatesOfWakes } from './cause-candidates.ts';
import type { ExecutionContext } from './execution-context.ts';
import type { InboundMessage, InboundRequest } from './messages.ts';

/** Reads of responses that are remembered, the latest ones; they are asked for within the time of a request. */
const maxReads = 8192;
/** Per request. */
const maxWakes = 16;
/** All were right of those measured with pools of Java and Python and with loops of Netty: bpf/README.md. */
const wakeConfidence = 0.99;
const noCauses: readonly Cause[] = [];

/** See the top of the file. */
export class Wakers {
  /** The call whose response an event read, by the event's id; the oldest first. */
  private readonly reads = new Map<number, string>();
  /** Whether wake-ups are read on this host: nothing is kept in vain. */
  private areRead = false;

  /** An event read these messages, or more of them. */
  read(eventId: number, messages: readonly InboundMessage[]): void {
    const [message] = messages;
    if (!this.areRead || messages.length !== 1 || message?.kind !== 'response') return;
    this.reads.set(eventId, message.spanId);
    if (this.reads.size > maxReads) this.forgetOldest();
  }

  /** @param wokenAfter - events in which those who woke the context had just read */
  woken(context: ExecutionContext, wokenAfter: readonly number[]): void {
    this.areRead = true;
    const { serves } = context;
    if (serves === undefined || context.openRequests > 1) return;
    serves.wokenAfter = [...new Set([...serves.wokenAfter, ...wokenAfter])].slice(-maxWakes);
  }

  /** What the reply to a request may follow from, when it begins. */
  causesOf({ wokenAfter }: InboundRequest): readonly Cause[] {
    const spanIds = new Set(wokenAfter.flatMap((id) => this.reads.get(id) ?? []));
    return spanIds.size === 0 ? noCauses : candidatesOfWakes([...spanIds], wakeConfidence);
  }

  /** Reads that are kept. */
  get size(): number {
    return this.reads.size;
  }

  /** Forgets the oldest ones, until at most this fraction is left. */
  shrink(part: number): void {
    const left = Math.floor(this.reads.size * part);
    while (this.reads.size > left) this.forgetOldest();
  }

  private forgetOldest(): void {
    const oldest = this.reads.keys().next();
    if (oldest.done !== true) this.reads.delete(oldest.value);
  }
}
