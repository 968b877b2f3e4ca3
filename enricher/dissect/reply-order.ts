/**
 * Which request a reply answers where replies only come in the order of the requests. Simple while everything is seen.
 * When messages were hidden in bytes nobody captured, counting on would give every later reply to the wrong request, so:
 *
 * - replies nobody asked for are not reported;
 * - when replies were hidden, the requests that wait get a reply of unknown meaning;
 * - a client that waits for all replies before it asks again is right again at its next request: one that never had two
 *   requests on their way, or was seen to take turns four times with several;
 * - any other connection is in doubt, and its replies unknown, until nothing moved on it for a while; or, if it was never
 *   seen to ask before it had all replies, until three runs of replies in a row had as many as there were requests.
 *
 * State: at most `maxWaiting` entries.
 */

const maxWaiting = 256;
const balancedRunsNeeded = 3;
const turnsNeeded = 4;

/** The requests of one connection that wait for their replies; see the top of the file. */
export class ReplyOrder<Request> {
  private readonly waiting: Request[] = [];
  /** Several requests were on their way at once. */
  private pipelining = false;
  /** The client asked before it had all replies. */
  private overlapping = false;
  /** Runs of several requests that were all answered before the client asked again. */
  private turns = 0;
  private requestsInRun = 0;
  private doubtful = false;
  /** Messages were hidden since the connection was last at rest; so was all that came before the first one seen. */
  private missed = true;
  private repliesInRun = 0;
  private expectedInRun = 0;
  private balancedRuns = 0;

  /** Whether a reply that begins now means something: it answers a request, or has to be counted. */
  get expecting(): boolean {
    return this.doubtful || this.waiting.length > 0;
  }

  /** Whether no request waits. */
  get idle(): boolean {
    return this.waiting.length === 0;
  }

  /** The request that waits longest; undefined when none does. */
  get next(): Request | undefined {
    return this.waiting[0];
  }

  /**
   * The client starts to send after the server did. `midReply`: the server had not finished its last reply. `afterPause`:
   * nothing moved for so long that nothing can be on its way.
   */
  requestsStart(midReply: boolean, afterPause: boolean): void {
    if (this.doubtful) this.weighDoubt(afterPause);
    else if (midReply || this.waiting.length > 0) {
      this.overlapping = true;
      if (this.missed) this.doubt();
    } else if (!this.missed && this.requestsInRun > 1) this.turns++;
    this.expectedInRun = 0;
    this.repliesInRun = 0;
    this.requestsInRun = 0;
    this.missed = false;
  }

  private weighDoubt(afterPause: boolean): void {
    if (!this.missed && this.repliesInRun !== this.expectedInRun) this.overlapping = true;
    this.balancedRuns = this.missed ? 0 : this.balancedRuns + 1;
    this.doubtful = !(afterPause || this.takesTurns || (!this.overlapping && this.balancedRuns >= balancedRunsNeeded));
  }

  /** The server starts to send after the client did. `answerUnknown` is called for each request that is given up. */
  repliesStart(answerUnknown: (request: Request) => void): void {
    if (!this.doubtful) return;
    this.expectedInRun = this.waiting.length;
    this.repliesInRun = 0;
    this.giveUp(answerUnknown);
  }

  /** A request was reported. */
  asked(request: Request): void {
    this.requestsInRun++;
    if (this.waiting.length > 0) this.pipelining = true;
    if (this.waiting.length >= maxWaiting) {
      this.waiting.shift();
      this.doubt();
    }
    this.waiting.push(request);
  }

  /** A reply was read: returns its request, or undefined when the reply must not be reported. */
  answered(): Request | undefined {
    if (this.doubtful) {
      this.repliesInRun++;
      return undefined;
    }
    const request = this.waiting.shift();
    // One reply too many: either its request was hidden just now, or one of an earlier run that was thought answered.
    if (request === undefined && !this.missed) {
      this.overlapping = true;
      this.doubt();
    }
    return request;
  }

  /** Requests may have been hidden. */
  requestsMissed(): void {
    this.missed = true;
    if (!this.takesTurns) this.doubt();
  }

  /** Replies may have been hidden, or the end of one. */
  repliesMissed(answerUnknown: (request: Request) => void): void {
    this.missed = true;
    if (!this.takesTurns) this.doubt();
    this.giveUp(answerUnknown);
  }

  private get takesTurns(): boolean {
    return !this.overlapping && (!this.pipelining || this.turns >= turnsNeeded);
  }

  private doubt(): void {
    this.doubtful = true;
    this.balancedRuns = 0;
  }

  private giveUp(answerUnknown: (request: Request) => void): void {
    for (const request of this.waiting) answerUnknown(request);
    this.waiting.length = 0;
  }
}
