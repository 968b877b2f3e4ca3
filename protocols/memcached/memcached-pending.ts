import { PipelineQueue } from '../dissection/pipeline-queue.ts';

/**
 * Which request a response answers. Responses come in the order of the requests, but a quiet request has one only where it
 * says something unusual: it waits together with the next request that is not quiet, whose response settles it. A response
 * that several of them may have leaves all of these unknown. State: 256 requests that wait, and as many quiet ones.
 */

const maxQuiet = 256;

/** What a response shows of itself. */
export type ReplyHead =
  | { readonly kind: 'text'; readonly word: string; readonly line: string }
  | { readonly kind: 'binary'; readonly opcode: number; readonly opaque: number; readonly key: string };

/** A request that waits. */
export interface Pending {
  readonly isQuiet: boolean;
  /** What it means that a quiet request has no response. */
  readonly silence: string;
  /** How many keys it asked for. */
  readonly keyCount: number;
  mayHave(reply: ReplyHead): boolean;
}

/** Takes a request that is settled without a response of its own. */
export type Settle = (pending: Pending, how: 'silent' | 'unknown') => void;

interface QuietEntry {
  readonly pending: Pending;
  /** It was settled as unknown; a response of it may still come. */
  isUnknown: boolean;
}

/** A request with a response, and the quiet ones before it. */
interface Group {
  readonly quiet: QuietEntry[];
  readonly last: Pending;
}

/** The requests of one connection that wait; see the top of the file. */
export class PendingRequests {
  private readonly queue = new PipelineQueue<Group>();
  /** Quiet requests behind the last one that is not. */
  private quiet: QuietEntry[] = [];
  private readonly settle: Settle;
  private readonly giveUp = ({ quiet, last }: Group): void => {
    this.settleAll(quiet, 'unknown');
    this.settle(last, 'unknown');
  };

  constructor(settle: Settle) {
    this.settle = settle;
  }

  /** Whether no further request can be kept: the next one is to be treated as one that was hidden. */
  get isFull(): boolean {
    return this.queue.full || this.quiet.length >= maxQuiet;
  }

  asked(pending: Pending): void {
    if (pending.isQuiet) this.quiet.push({ pending, isUnknown: false });
    else {
      this.queue.asked({ quiet: this.quiet, last: pending });
      this.quiet = [];
    }
  }

  requestsStart(midReply: boolean, afterPause: boolean): void {
    this.queue.requestsStart(midReply, afterPause);
  }

  repliesStart(): void {
    this.queue.repliesStart();
  }

  requestsMissed(): void {
    this.queue.requestsMissed();
  }

  repliesMissed(): void {
    this.queue.repliesMissed(this.giveUp);
    this.settleAll(this.quiet, 'unknown');
    this.quiet = [];
  }

  /** The request that a response answers; undefined when that is not known, `misfit` when none that waits may have it. */
  answered(reply: ReplyHead): Pending | 'misfit' | undefined {
    const { queue } = this;
    const group = queue.next;
    if (group === undefined) {
      if (!queue.doubtful && this.quiet.some(({ pending }) => pending.mayHave(reply)))
        return this.takeQuiet(this.quiet, reply);
      queue.answered(this.giveUp);
      return undefined;
    }
    const fitsLast = group.last.mayHave(reply);
    const fitsQuiet = group.quiet.some(({ pending }) => pending.mayHave(reply));
    if (fitsQuiet && !fitsLast) return this.takeQuiet(group.quiet, reply);
    if (fitsQuiet || !fitsLast) {
      queue.misaligned();
      queue.answered(this.giveUp);
      return fitsLast ? undefined : 'misfit';
    }
    this.settleAll(group.quiet, 'silent');
    queue.answered();
    return group.last;
  }

  /** A response to one of these quiet requests: those before it have none. */
  private takeQuiet(entries: QuietEntry[], reply: ReplyHead): Pending | undefined {
    const fits = entries.flatMap(({ pending }, index) => (pending.mayHave(reply) ? [index] : []));
    const first = fits[0]!;
    this.settleAll(entries.splice(0, first), 'silent');
    const last = fits.at(-1)! - first;
    const entry = entries[0]!;
    if (last === 0) {
      entries.shift();
      return entry.isUnknown ? undefined : entry.pending;
    }
    for (const one of entries.slice(0, last + 1)) {
      if (!one.isUnknown) this.settle(one.pending, 'unknown');
      one.isUnknown = true;
    }
    return undefined;
  }

  private settleAll(entries: readonly QuietEntry[], how: 'silent' | 'unknown'): void {
    for (const { pending, isUnknown } of entries) if (!isUnknown) this.settle(pending, how);
  }
}
