import { ProtobufError } from '../opentelemetry/protobuf-reader.ts';
import { countReportedSpans } from '../opentelemetry/reported-span.ts';
import type { EventBatch } from '../schemas/generated/event-batch.ts';
import { packetProblem } from './packets/packet-bounds.ts';

/**
 * Refuses batches with numbers that no collector sends and that would harm more than the sender's own data. A span far in the
 * future that joins a trace by an id would make the sink refuse the whole trace. Sums of absurd numbers exceed what readers
 * accept.
 */

/** Largest time of an event after its batch's base: a collector sends after 100 ms. */
const hourNs = 3_600_000_000_000;
/** Largest time before the base: an event is sent when its call returns, and a peer may not read for days. */
const longestCallNs = 7 * 24 * hourNs;
/** Largest time ahead of the bus: what the sink stores by default, since the bus accepts a batch before the sink reads it. */
const maxAheadNs = BigInt(hourNs);
/** More bytes than one system call can move. */
const maxCallBytes = 2 ** 31;
const maxSequence = 2 ** 32;

/**
 * The latest time, in Unix nanoseconds, of what the bus accepted then.
 *
 * @param acceptedMs in milliseconds since the Unix epoch; 0 where that is not known
 */
export function latestTimeNs(acceptedMs: number): bigint {
  return acceptedMs > 0 ? BigInt(Math.ceil(acceptedMs)) * 1_000_000n + maxAheadNs : 1n << 62n;
}

/** Why a batch is refused. */
export interface BatchProblem {
  readonly kind: 'refused';
  readonly reason: 'time_out_of_range' | 'undecodable';
  readonly detail: string;
}

/**
 * Why a batch is refused for its numbers; undefined if they are possible.
 *
 * @param acceptedMs when the bus accepted it, in milliseconds since the Unix epoch; 0 where that is not known
 */
export function boundsProblem(batch: EventBatch, acceptedMs: number): BatchProblem | undefined {
  const { baseTimeNs, untilOffsetNs, events, segments, flows } = batch;
  let latestNs = untilOffsetNs;
  let earliestNs = untilOffsetNs;
  for (const { timeOffsetNs, length, tcpSequence } of events) {
    if (timeOffsetNs > latestNs) latestNs = timeOffsetNs;
    else if (timeOffsetNs < earliestNs) earliestNs = timeOffsetNs;
    if (length < 0 || length > maxCallBytes || tcpSequence < 0 || tcpSequence > maxSequence)
      return refused('undecodable', 'an event of more bytes than a call moves, or a sequence beyond 32 bits');
  }
  const reported = reportedProblem(batch);
  if (reported !== undefined) return refused('undecodable', reported);
  const packets = packetProblem(batch);
  if (packets !== undefined) return refused('undecodable', packets);
  for (const { timeOffsetNs, lastTimeOffsetNs } of segments) {
    latestNs = Math.max(latestNs, timeOffsetNs, lastTimeOffsetNs);
    earliestNs = Math.min(earliestNs, timeOffsetNs, lastTimeOffsetNs);
  }
  for (const { startOffsetNs, endOffsetNs } of flows) {
    latestNs = Math.max(latestNs, startOffsetNs, endOffsetNs);
    earliestNs = Math.min(earliestNs, startOffsetNs, endOffsetNs);
  }
  if (latestNs > hourNs || earliestNs < -longestCallNs)
    return refused('time_out_of_range', 'records further from the time of their batch than a call can take');
  if (baseTimeNs < 0n) return refused('time_out_of_range', 'records before 1970');
  return baseTimeNs + BigInt(Math.ceil(latestNs)) > latestTimeNs(acceptedMs)
    ? refused('time_out_of_range', 'records more than an hour ahead of the bus: look at the clock of the host')
    : undefined;
}

/** What is damaged around reported spans; what is within one costs that span alone. */
function reportedProblem({ source, reportedSpans }: EventBatch): string | undefined {
  if (reportedSpans.length === 0) return undefined;
  if (source !== 'applications') return 'spans of applications in a batch of another source';
  try {
    for (const { resourceSpans } of reportedSpans) countReportedSpans(resourceSpans);
  } catch (error) {
    if (error instanceof ProtobufError) return `reported spans: ${error.message}`;
    throw error;
  }
  return undefined;
}

function refused(reason: BatchProblem['reason'], detail: string): BatchProblem {
  return { kind: 'refused', reason, detail };
}
