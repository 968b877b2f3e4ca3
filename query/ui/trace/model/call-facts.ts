import { timeKinds } from './calls.ts';
import type { TraceModel } from './trace-model.ts';

/** One step of a call from one observation point to the next, or what is beyond the last one. */
export interface CallStep {
  readonly span: number;
  /** -1 where this is the last observation. */
  readonly next: number;
  readonly kind: 'application' | 'network' | 'unseen';
  /** Of this step alone. */
  readonly ns: number;
  /** Both places go by the same clock, so the way there and the way back can be told apart. */
  readonly oneClock: boolean;
  /** The way there and the way back; they add up to `ns` unless the clocks say nonsense. */
  readonly thereNs: number;
  readonly backNs: number;
}

const kindNames = ['application', 'network', 'unseen'] as const;

/** Steps of a call in the order of the request. */
export function callSteps(model: TraceModel, head: number): readonly CallStep[] {
  const { columns, calls, times, startNs, ownNs } = model;
  const hops = calls.hops.items.subarray(calls.hops.offsets[head], calls.hops.offsets[head + 1]);
  return Array.from(hops, (span): CallStep => {
    const next = times.next[span]!;
    const kind = kindNames[times.kind[span]!]!;
    if (next === -1) return { span, next, kind, ns: ownNs[span]!, oneClock: true, thereNs: 0, backNs: 0 };
    const thereNs = startNs[next]! - startNs[span]!;
    const ns = columns.durationNs[span]! - columns.durationNs[next]!;
    const oneClock = columns.agent[span] === columns.agent[next];
    return { span, next, kind, ns: Math.max(0, ns), oneClock, thereNs, backNs: ns - thereNs };
  });
}

/** What a row says of a call. */
export interface CallFacts {
  /** The observation furthest outside, whose duration is that of the call. */
  readonly head: number;
  /** The observation furthest inside. */
  readonly last: number;
  readonly hopCount: number;
  /** On the network, as far as both of its ends were seen. */
  readonly networkNs: number;
  /** The server's own process was seen. */
  readonly isServed: boolean;
  readonly failed: boolean;
}

/** Facts of the call with this head. */
export function callFacts({ columns, calls, times, failed }: TraceModel, head: number): CallFacts {
  const begin = calls.hops.offsets[head]!;
  const hopCount = calls.hops.offsets[head + 1]! - begin;
  const last = calls.hops.items[begin + hopCount - 1]!;
  let isFailed = false;
  for (let at = begin; at < begin + hopCount; at++) isFailed ||= failed[calls.hops.items[at]!] === 1;
  return {
    head,
    last,
    hopCount,
    networkNs: Math.max(0, columns.durationNs[head]! - columns.durationNs[last]!),
    isServed: times.kind[last] === timeKinds.application,
    failed: isFailed,
  };
}
