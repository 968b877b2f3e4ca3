import type { SpanRecord } from '../spans/span-record.ts';
import { likelyParent, LikelyParents } from './likely-parents.ts';
import { observeCall } from './observe-call.ts';
import { decideCause } from './decide-cause.ts';
import { ProcessIndex } from './process-index.ts';
import { type UnknownReason, unknownReasons, type Patience, type Decision } from './decision.ts';

/** Calls that are decided again when a server span arrives after their wait. */
const recheckLimit = 4096;

/** Calls that a new span may give a cause. */
export interface Concerned {
  /** Calls that stayed without a cause and should be decided again. */
  readonly unknown: readonly SpanRecord[];
  /** Calls not decided yet, whose candidates name this span. */
  readonly undecided: readonly SpanRecord[];
}

const none: readonly never[] = [];
const nobody: Concerned = { unknown: none, undecided: none };

/** The spans in state by id and by process, and what caused the calls among them. */
export class LocalCauses {
  readonly #spansById = new Map<string, SpanRecord>();
  readonly #processes = new Map<number, Map<number, ProcessIndex>>();
  readonly #find = (spanId: string): SpanRecord | undefined => this.#spansById.get(spanId);
  readonly #isKnown = (spanId: string): boolean => this.#spansById.has(spanId);
  /** Calls whose last decision found no cause, by reason. */
  readonly unknown = Object.fromEntries(unknownReasons.map((reason) => [reason, 0])) as Record<UnknownReason, number>;

  readonly #minConfidence: number;
  /** Processes with calls whose likely parents are to be found. */
  readonly #unassigned = new Set<ProcessIndex>();
  readonly #likelyParents = new Map<ProcessIndex, LikelyParents>();

  /** @param minConfidence with which a span is the parent of a call, and not only a likely one */
  constructor(minConfidence: number) {
    this.#minConfidence = minConfidence;
  }

  get size(): number {
    return this.#spansById.size;
  }

  /** The span in state that has the same identity. */
  same({ key }: SpanRecord): SpanRecord | undefined {
    return this.#spansById.get(key);
  }

  /** Takes a span in. */
  add(record: SpanRecord): Concerned {
    this.#spansById.set(record.key, record);
    if (record.role !== 'client' && record.role !== 'server') return nobody;
    const process = this.#process(record);
    record.process = process;
    const named = process.add(record, this.#isKnown);
    if (record.role !== 'server') return nobody;
    const unknown = process.unknownCallsDuring(record, recheckLimit);
    return { unknown, undecided: named.length === 0 ? none : undecidedFrom(named, process) };
  }

  /** Forgets a span that has been marked as released. */
  remove(record: SpanRecord): void {
    this.#spansById.delete(record.key);
    if (record.process === undefined) return;
    const processes = this.#processes.get(record.agentId)!;
    const process = processes.get(record.processId)!;
    process.remove(record);
    if (process.size > 0) return;
    processes.delete(record.processId);
    this.#likelyParents.delete(process);
    if (processes.size === 0) this.#processes.delete(record.agentId);
  }

  #process(record: SpanRecord): ProcessIndex {
    let processes = this.#processes.get(record.agentId);
    if (processes === undefined) this.#processes.set(record.agentId, (processes = new Map<number, ProcessIndex>()));
    let process = processes.get(record.processId);
    if (process === undefined) processes.set(record.processId, (process = new ProcessIndex()));
    return process;
  }

  /** Learns from calls that are about to be decided for the first time; all of them, before any is decided. */
  observe(calls: readonly SpanRecord[]): void {
    for (const call of calls) if (call.evaluatedAt === 0) observeCall(call, this.#process(call), this.#find);
  }

  /** Decides a call and stores the decision on it. @param arrival count of messages read so far */
  decide(call: SpanRecord, patience: Patience, arrival: number): Decision {
    const process = this.#process(call);
    const decision = this.#certain(call, decideCause(call, process, this.#find, patience));
    if (decision.kind === 'wait') return decision;
    call.evaluatedAt = arrival;
    if (decision.kind === 'parent') {
      call.cause = decision.edge;
      call.likelyParents = none;
      this.#noteDecided(call, process);
      return decision;
    }
    call.isContradicted = decision.reason === 'contradiction';
    this.unknown[decision.reason]++;
    process.noteUnknown(call);
    if (decision.reason !== 'improbable' && decision.reason !== 'background') this.#noteDecided(call, process);
    return decision;
  }

  #noteDecided(call: SpanRecord, process: ProcessIndex): void {
    let likely = this.#likelyParents.get(process);
    if (likely === undefined) this.#likelyParents.set(process, (likely = new LikelyParents()));
    likely.add(call);
    this.#unassigned.add(process);
  }

  /** An edge that is not certain enough is a likely one. */
  #certain(call: SpanRecord, decision: Decision): Decision {
    if (decision.kind !== 'parent' || decision.edge.confidence >= this.#minConfidence) return decision;
    const { parent, reason, confidence } = decision.edge;
    call.likelyParents = [likelyParent(parent, reason, confidence)];
    return { kind: 'unknown', reason: 'improbable' };
  }

  /**
   * Looks for likely parents of the calls that were decided since the last time and stayed without one.
   *
   * @returns the calls that have a certain one now
   */
  findLikelyParents(quietNs: number): readonly SpanRecord[] {
    const processes = [...this.#unassigned];
    this.#unassigned.clear();
    return processes.flatMap(
      (process) => this.#likelyParents.get(process)?.assign(process, this.#find, quietNs) ?? none,
    );
  }
}

/** These calls and the calls that continued their responses, as far as they are undecided. */
function undecidedFrom(named: readonly SpanRecord[], process: ProcessIndex): readonly SpanRecord[] {
  const calls = new Set(named);
  for (const call of calls) {
    if (calls.size >= recheckLimit) break;
    for (const next of process.continuationsOf(call)) if (next.role === 'client') calls.add(next);
  }
  return [...calls].filter(({ cause, evaluatedAt }) => cause === undefined && evaluatedAt === 0);
}
