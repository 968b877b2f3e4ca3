/**
 * Which request a reply answers where replies only come in the order of the requests: a queue, first in, first out. Simple
 * while everything is seen. Messages hidden in bytes that were not captured would shift every later reply to the wrong
 * request, so an unknown number of hidden requests is a gap in the queue:
 *
 * - requests before the gap keep their replies, unless messages were hidden shortly before; while the gap is at the head, the queue is in doubt and replies are unknown;
 * - when replies were hidden, the requests that wait get a reply of unknown meaning;
 * - a client that waits for all replies before it asks again is certain again at its next request: one that never had two
 *   requests on their way, or was seen to take turns four times with several;
 * - any other connection is certain again after a calm second, unless replies are known to be still on their way; by a
 *   reply that only one of the waiting requests can have; or, if it was never seen to ask before it had all replies, when
 *   three runs of replies in a row had as many as there were requests.
 *
 * State: at most `maxWaiting` entries.
 */

import { Deque } from './deque.ts';

const defaultMaxWaiting = 256;
const maxGivenUp = 64;
const balancedRunsNeeded = 3;
const turnsNeeded = 4;
const solidRunsNeeded = 3;

/** A request in the queue. */
interface Entry<Request> {
  readonly request: Request;
  /** A reply of unknown meaning was reported; the real one may still come, and is not reported. */
  givenUp: boolean;
}

/** The requests of one connection that wait for their replies; see the top of the file. */
export class PipelineQueue<Request> {
  /** Undefined stands for a gap: hidden requests, perhaps none. */
  private readonly waiting = new Deque<Entry<Request> | undefined>();
  /** Requests that still wait for a reply to be reported. */
  private waitingCount = 0;
  private readonly maxWaiting: number;
  /** Several requests were on their way at once. */
  private pipelining = false;
  /** The client asked before it had all replies. */
  private overlapping = false;
  /** Runs of several requests that were all answered before the client asked again. */
  private turns = 0;
  private requestsInRun = 0;
  /** Runs of requests since messages were hidden last; those with fewer may still be shifted. */
  private solidRuns = 0;
  /** Messages were hidden since the connection was last at rest; so was all that came before the first one seen. */
  private missed = true;
  /** Of those, some may lie anywhere in the queue: no gap stands for them. */
  private unplaced = true;
  private repliesInRun = 0;
  private expectedInRun = 0;
  private balancedRuns = 0;
  /** The fewest requests that can still wait, by those seen since the doubt began or the last calm second. */
  private owed = 0;
  /** Whether some were owed at the last calm second. */
  private owedBefore = false;

  constructor(maxWaiting = defaultMaxWaiting) {
    this.maxWaiting = maxWaiting;
  }

  /** Whether a reply that begins now means something: it answers a request, or has to be counted. */
  get expecting(): boolean {
    return this.waiting.length > 0;
  }

  /** Whether no request is known to be the next that is answered. */
  get idle(): boolean {
    return this.waiting.at(0) === undefined;
  }

  /** Whether it is unknown which request the next reply answers. */
  get doubtful(): boolean {
    return this.waiting.length > 0 && this.waiting.at(0) === undefined;
  }

  /** Whether no further request can be kept: the next one is to be treated as one that was hidden. */
  get full(): boolean {
    return this.waiting.length >= this.maxWaiting;
  }

  /** The request that waits longest; undefined when none does, or when hidden ones may wait longer. */
  get next(): Request | undefined {
    return this.waiting.at(0)?.request;
  }

  /**
   * The client starts to send after the server did. `midReply`: the server had not finished its last reply. `afterPause`:
   * nothing moved for at least a second.
   */
  requestsStart(midReply: boolean, afterPause: boolean): void {
    if (this.doubtful) this.weighDoubt(midReply, afterPause);
    else if (midReply || this.waiting.length > 0) {
      this.overlapping = true;
      if (this.unplaced) this.doubt();
    } else if (!this.missed && this.requestsInRun > 1) this.turns++;
    if (!this.missed && !this.doubtful) this.solidRuns++;
    this.expectedInRun = 0;
    this.repliesInRun = 0;
    this.requestsInRun = 0;
    this.missed = false;
    this.unplaced = false;
  }

  private weighDoubt(midReply: boolean, afterPause: boolean): void {
    if (!this.missed && this.repliesInRun !== this.expectedInRun) this.overlapping = true;
    this.balancedRuns = this.missed ? 0 : this.balancedRuns + 1;
    const isCalm = afterPause && !midReply && this.owed === 0;
    // What is still owed is taken to be slow, until that is so for the second time: then it was lost.
    if (afterPause && !isCalm && this.owedBefore) this.owed = 0;
    if (afterPause) this.owedBefore = this.owed > 0;
    const isBalanced = !this.overlapping && this.balancedRuns >= balancedRunsNeeded;
    if (this.waitingCount > 0 || !(isCalm || isBalanced || this.takesTurns)) return;
    this.clear();
    this.solidRuns = isCalm ? solidRunsNeeded : 0;
  }

  /**
   * The server starts to send after the client did.
   *
   * @param answerUnknown - called for each request that is given up at once in doubt; without it, they wait for the first
   *   reply, which may prove whose it is
   */
  repliesStart(answerUnknown?: (request: Request) => void): void {
    if (!this.doubtful) return;
    this.expectedInRun = this.waitingCount;
    this.repliesInRun = 0;
    if (answerUnknown !== undefined) this.giveUp(answerUnknown);
  }

  /** A request was reported. */
  asked(request: Request): void {
    this.requestsInRun++;
    this.owed++;
    if (this.waiting.length > 0) this.pipelining = true;
    if (this.waiting.length >= this.maxWaiting) {
      this.shift();
      this.doubt();
    }
    this.waiting.push({ request, givenUp: false });
    this.waitingCount++;
  }

  /**
   * A reply was read: returns its request, or undefined when the reply must not be reported.
   *
   * @param answerUnknown - called first for each request that is given up now
   * @param proves - whether this reply can answer nothing but that request
   */
  answered(answerUnknown?: (request: Request) => void, proves?: (request: Request) => boolean): Request | undefined {
    if (this.owed > 0) this.owed--;
    if (this.doubtful) {
      this.repliesInRun++;
      const proven = proves === undefined ? -1 : this.findOne(proves);
      if (proven < 0) {
        if (answerUnknown !== undefined) this.giveUp(answerUnknown);
        return undefined;
      }
      for (let index = 0; index < proven; index++) {
        const entry = this.shift();
        if (entry?.givenUp === false) answerUnknown?.(entry.request);
      }
    }
    const entry = this.shift();
    if (entry === undefined) {
      // One reply too many: either its request was hidden just now, or one of an earlier run that was thought answered.
      if (!this.missed) this.misaligned();
      return undefined;
    }
    return entry.givenUp ? undefined : entry.request;
  }

  /** What was read cannot be the reply to the request that waits longest: messages were lost without a trace. */
  misaligned(): void {
    this.overlapping = true;
    this.doubt();
  }

  /** Requests may have been hidden. */
  requestsMissed(): void {
    this.missed = true;
    if (this.takesTurns) {
      this.unplaced = true;
      this.solidRuns = 0;
      return;
    }
    if (this.solidRuns < solidRunsNeeded) this.doubt();
    if (this.doubtful) this.balancedRuns = 0;
    else this.startDoubt();
    const { length } = this.waiting;
    if (length === 0 || this.waiting.at(length - 1) !== undefined) this.waiting.push(undefined);
  }

  /** Replies may have been hidden, or the end of one. */
  repliesMissed(answerUnknown: (request: Request) => void): void {
    this.missed = true;
    this.unplaced = true;
    this.solidRuns = 0;
    this.giveUp(answerUnknown);
    this.clear();
    if (!this.takesTurns) this.doubt();
    this.owed = 0;
  }

  private get takesTurns(): boolean {
    return !this.overlapping && (!this.pipelining || this.turns >= turnsNeeded);
  }

  private shift(): Entry<Request> | undefined {
    const entry = this.waiting.shift();
    if (entry?.givenUp === false) this.waitingCount--;
    return entry;
  }

  private clear(): void {
    this.waiting.clear();
    this.waitingCount = 0;
  }

  /** Puts a gap at the head of the queue. */
  private doubt(): void {
    if (this.doubtful) this.balancedRuns = 0;
    else {
      this.startDoubt();
      this.solidRuns = 0;
      this.waiting.unshift(undefined);
    }
  }

  private startDoubt(): void {
    this.balancedRuns = 0;
    this.owed = this.waitingCount;
  }

  /** Whether exactly one request matches, of those that wait or were given up. */
  hasOne(matches: (request: Request) => boolean): boolean {
    return this.findOne(matches) >= 0;
  }

  /** The one entry that matches; -1 when there is none, or more than one. */
  private findOne(matches: (request: Request) => boolean): number {
    let found = -1;
    for (let index = 0; index < this.waiting.length; index++) {
      const entry = this.waiting.at(index);
      if (entry === undefined || !matches(entry.request)) continue;
      if (found >= 0) return -1;
      found = index;
    }
    return found;
  }

  private giveUp(answerUnknown: (request: Request) => void): void {
    const { waiting } = this;
    for (let index = 0; index < waiting.length && this.waitingCount > 0; index++) {
      const entry = waiting.at(index);
      if (entry?.givenUp !== false) continue;
      entry.givenUp = true;
      this.waitingCount--;
      answerUnknown(entry.request);
    }
    if (waiting.length <= maxGivenUp || !this.doubtful) return;
    // Of a doubt that lasts, the latest requests are the ones that a reply may still prove.
    while (waiting.length >= maxGivenUp) waiting.shift();
    waiting.unshift(undefined);
  }
}
