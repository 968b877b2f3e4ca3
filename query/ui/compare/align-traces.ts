/**
 * Pairs the calls of two traces: those that the same call made are the same call if they went to the same server with the same
 * operation, as the same one of several such calls in a row. Nothing recurses, so that any depth is fine.
 */
import { callFacts } from '../trace/model/call-facts.ts';
import { spanIdAt } from '../trace/model/span-ids.ts';
import type { TraceModel } from '../trace/model/trace-model.ts';

/** A call of either trace, or of both. */
export interface AlignedCall {
  readonly level: number;
  readonly server: string;
  readonly operation: string;
  /** Undefined where the trace has no such call. */
  readonly left: CallTimes | undefined;
  readonly right: CallTimes | undefined;
}

/** Times of a call in one trace. */
export interface CallTimes {
  readonly spanId: string;
  readonly durationNs: number;
  /** Of the server itself, without calls that it made; of what was not seen of it where it was not. */
  readonly ownNs: number;
  readonly isFailed: boolean;
}

/** A pair of heads that is still to be walked through; -1 for none. */
interface Step {
  readonly left: number;
  readonly right: number;
  readonly level: number;
}

/** Calls of both traces in one order: parents before children, and each trace's calls by their start. */
export function alignTraces(left: TraceModel, right: TraceModel): readonly AlignedCall[] {
  const calls: AlignedCall[] = [];
  const open: Step[] = [];
  const push = (lefts: Int32Array, rights: Int32Array, level: number): void => {
    for (const step of pairs(left, lefts, right, rights).toReversed()) open.push({ ...step, level });
  };
  push(left.calls.roots, right.calls.roots, 0);
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const [model, head] = step.left === -1 ? ([right, step.right] as const) : ([left, step.left] as const);
    const { server, operation } = namesOf(model, head);
    calls.push({
      level: step.level,
      server,
      operation,
      left: step.left === -1 ? undefined : timesOf(left, step.left),
      right: step.right === -1 ? undefined : timesOf(right, step.right),
    });
    push(below(left, step.left), below(right, step.right), step.level + 1);
  }
  return calls;
}

const none = new Int32Array(0);

function below({ calls }: TraceModel, head: number): Int32Array {
  if (head === -1) return none;
  return calls.below.items.subarray(calls.below.offsets[head], calls.below.offsets[head + 1]);
}

function pairs(
  left: TraceModel,
  lefts: Int32Array,
  right: TraceModel,
  rights: Int32Array,
): readonly Omit<Step, 'level'>[] {
  const byName = new Map<string, number[]>();
  rights.forEach((head, at) => {
    const key = keyOf(right, head);
    const known = byName.get(key);
    if (known === undefined) byName.set(key, [at]);
    else known.push(at);
  });
  const taken = new Map<string, number>();
  const partners = Array.from(lefts, (head) => {
    const key = keyOf(left, head);
    const number = taken.get(key) ?? 0;
    taken.set(key, number + 1);
    return byName.get(key)?.[number] ?? -1;
  });
  return inOneOrder(lefts, rights, partners);
}

/** Those of the left in their order; those of the right that have no partner before the first that came after them. */
function inOneOrder(
  lefts: Int32Array,
  rights: Int32Array,
  partners: readonly number[],
): readonly Omit<Step, 'level'>[] {
  const paired = new Set(partners);
  const steps: Omit<Step, 'level'>[] = [];
  let next = 0;
  const alone = (end: number): void => {
    for (; next < end; next++) if (!paired.has(next)) steps.push({ left: -1, right: rights[next]! });
  };
  partners.forEach((partner, at) => {
    alone(partner);
    steps.push({ left: lefts[at]!, right: partner === -1 ? -1 : rights[partner]! });
  });
  alone(rights.length);
  return steps;
}

function namesOf(
  { columns, calls }: TraceModel,
  head: number,
): { readonly server: string; readonly operation: string } {
  const last = calls.hops.items[calls.hops.offsets[head + 1]! - 1]!;
  return { server: columns.texts[columns.server[last]!]!, operation: columns.texts[columns.operation[last]!]! };
}

const keyOf = (model: TraceModel, head: number): string => {
  const { server, operation } = namesOf(model, head);
  return JSON.stringify([server, operation]);
};

function timesOf(model: TraceModel, head: number): CallTimes {
  const { last, failed } = callFacts(model, head);
  return {
    spanId: spanIdAt(model.columns.ids, head),
    durationNs: model.columns.durationNs[head]!,
    ownNs: model.ownNs[last]!,
    isFailed: failed,
  };
}

/** How much longer the call took at the right; undefined where only one trace has it. */
export function differenceNs({ left, right }: AlignedCall, of: 'durationNs' | 'ownNs'): number | undefined {
  return left === undefined || right === undefined ? undefined : right[of] - left[of];
}

/** Those first whose own time differs most, or is only in one trace. */
export function byDifference(calls: readonly AlignedCall[]): readonly AlignedCall[] {
  const weight = ({ left, right }: AlignedCall): number => Math.abs((right?.ownNs ?? 0) - (left?.ownNs ?? 0));
  return calls.toSorted((one, other) => weight(other) - weight(one));
}
