/**
 * Which request a reply answers where replies only come in the order of the requests. Simple while everything is seen.
 * When messages were hidden in bytes nobody captured, counting on would give every later reply to the wrong request, so:
 *
 * - replies nobody asked for are not reported;
 * - when replies were hidden, the requests that wait get a reply of unknown meaning;
 * - a connection whose client waits for all replies before it asks again is right again at its next request;
 * - one whose requests and replies overlap (many callers share it) stays in doubt, and its replies unknown, until three
 *   runs of replies in a row had as many as there were requests.
 *
 * State: at most `maxWaiting` entries.
 */

const maxWaiting = 256;
const balancedRunsNeeded = 3;

/** The requests of one connection that wait for their replies; see the top of the file. */
export class ReplyOrder<Request> {
  private readonly waiting: Request[] = [];
  private overlapping = false;
  private doubtful = false;
  /** Messages were hidden since the connection was last at rest. */
  private missed = false;
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

  /** The client starts to send after the server did. `midReply`: the server had not finished its last reply. */
  requestsStart(midReply: boolean): void {
    if (this.doubtful) {
      if (!this.overlapping) this.doubtful = false;
      else if (this.expectedInRun > 0 && this.repliesInRun === this.expectedInRun) {
        if (++this.balancedRuns >= balancedRunsNeeded) this.doubtful = false;
      } else this.balancedRuns = 0;
    }
    if (midReply || this.waiting.length > 0) {
      this.overlapping = true;
      if (this.missed) this.doubt();
    }
    this.missed = false;
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
    if (request === undefined && this.overlapping) this.doubt();
    return request;
  }

  /** Requests may have been hidden. */
  requestsMissed(): void {
    this.missed = true;
    if (this.overlapping) this.doubt();
  }

  /** Replies may have been hidden; `inProgress` of those that wait had begun to be answered. */
  repliesMissed(inProgress: number, answerUnknown: (request: Request) => void): void {
    if (this.waiting.length > inProgress) {
      this.missed = true;
      if (this.overlapping) this.doubt();
    }
    this.giveUp(answerUnknown);
  }

  private doubt(): void {
    this.doubtful = true;
    this.balancedRuns = 0;
    this.expectedInRun = 0;
  }

  private giveUp(answerUnknown: (request: Request) => void): void {
    for (const request of this.waiting) answerUnknown(request);
    this.waiting.length = 0;
  }
}
