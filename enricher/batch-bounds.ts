import type { EventBatch } from '../schemas/generated/event-batch.ts';

/**
 * What no collector sends, and what would cost more than the sender's own data: a span far ahead of now that joins a trace
 * by an id takes the whole trace out of what the sink stores, and sums of such numbers are none that can be read again.
 */

/** Events of a batch are so much later than its base at most: a collector sends after 100 ms. */
const hourNs = 3_600_000_000_000;
/** And so much earlier: a call is told of when it returns, and its peer may not read for days. */
const longestCallNs = 7 * 24 * hourNs;
/** What the sink stores by default; the bus accepts a batch before the sink looks at it. */
const maxAheadNs = BigInt(hourNs);
/** More than one call of the kernel moves. */
const maxCallBytes = 2 ** 31;
const maxSequence = 2 ** 32;

/** Why a batch is refused. */
export interface BatchProblem {
  readonly kind: 'refused';
  readonly reason: 'time_out_of_range' | 'undecodable';
  readonly detail: string;
}

/**
 * Why a batch is refused for its numbers; undefined when they can be true.
 *
 * @param acceptedMs when the bus accepted it, in milliseconds since the Unix epoch; 0 where that is not known
 */
export function boundsProblem(batch: EventBatch, acceptedMs: number): BatchProblem | undefined {
  const { baseTimeNs, untilOffsetNs, events } = batch;
  let latestNs = untilOffsetNs;
  let earliestNs = untilOffsetNs;
  for (const { timeOffsetNs, length, tcpSequence } of events) {
    if (timeOffsetNs > latestNs) latestNs = timeOffsetNs;
    else if (timeOffsetNs < earliestNs) earliestNs = timeOffsetNs;
    if (length < 0 || length > maxCallBytes || tcpSequence < 0 || tcpSequence > maxSequence)
      return refused('undecodable', 'an event of more bytes than a call moves, or a sequence beyond 32 bits');
  }
  if (latestNs > hourNs || earliestNs < -longestCallNs)
    return refused('time_out_of_range', 'events further from the time of their batch than a call can take');
  if (baseTimeNs < 0n) return refused('time_out_of_range', 'events before 1970');
  const limitNs = acceptedMs > 0 ? BigInt(Math.ceil(acceptedMs)) * 1_000_000n + maxAheadNs : 1n << 62n;
  return baseTimeNs + BigInt(Math.ceil(latestNs)) > limitNs
    ? refused('time_out_of_range', 'events more than an hour ahead of the bus: look at the clock of the host')
    : undefined;
}

function refused(reason: BatchProblem['reason'], detail: string): BatchProblem {
  return { kind: 'refused', reason, detail };
}
