import type { Attributor, InboundMessage, InboundRequest, InboundResponse, Read, Write } from './messages.ts';
import type { PhaseHistory } from './phase-history.ts';

/** The call whose response led to a reply, as a hypothesis has it. */
export interface ReplyAttribution {
  readonly call: InboundResponse;
  readonly circumstance: number;
  /** Whether the reply may belong to another request, as far as the hypothesis knows. */
  readonly contested: boolean;
}

/**
 * A rule of which message a write continues, as one process and kind of context may follow it: what it says, and how often
 * it was right here. `hypotheses.ts` lists them. A hypothesis that cannot fit what happened says nothing.
 */
export interface Hypothesis extends Attributor {
  /** Whether it is known to hold even if other messages were read since: then phases need not be examined. */
  readonly makesPhasesNeedless: boolean;
  /** Whether it still says something about phases then: of writes that no read was right before. */
  readonly explainsStrays: boolean;
  /** Something else is about to be read, or the phase ends: nothing more can follow from this read. */
  read(previous: Read): void;
  /** Something is written, or a connection is begun for it. @param after what the kernel says was read last */
  write(write: Write, after: Read | undefined): void;
  /** A phase is over. */
  phaseEnd(history: PhaseHistory, phase: number): void;
  /** Nothing that is still to be read of this message can lead to anything. */
  isDone(message: InboundMessage): boolean;
  /** Which call's response led to a reply. */
  attribute(reply: Write, read: Read | undefined, replied: InboundRequest): ReplyAttribution | undefined;
  /** A reply names its request for certain: compares that with what the hypothesis says. */
  reply(reply: Write, read: Read | undefined, replied: InboundRequest): void;
}
