import type { SpanRecord } from '../span-record.ts';
import { observeCall } from './circumstance-cause.ts';
import { decideCause } from './decide-cause.ts';
import { ProcessIndex } from './process-index.ts';
import { type UnknownReason, unknownReasons, type Patience, type Verdict } from './verdict.ts';

/** Calls asked again when a server span comes later than they could wait. */
const recheckLimit = 4096;

/** The spans in state by id and by process, and what caused the calls among them. */
export class LocalCauses {
  readonly #spansById = new Map<string, SpanRecord>();
  readonly #processes = new Map<number, Map<number, ProcessIndex>>();
  readonly #find = (spanId: string): SpanRecord | undefined => this.#spansById.get(spanId);
  readonly #isKnown = (spanId: string): boolean => this.#spansById.has(spanId);
  /** Calls whose cause was not found when they were last asked for, by why. */
  readonly unknown = Object.fromEntries(unknownReasons.map((reason) => [reason, 0])) as Record<UnknownReason, number>;

  get size(): number {
    return this.#spansById.size;
  }

  get(spanId: string): SpanRecord | undefined {
    return this.#spansById.get(spanId);
  }

  /** Takes a span in. Returns the calls that could not wait for it and should be asked again. */
  add(record: SpanRecord): readonly SpanRecord[] {
    this.#spansById.set(record.spanId, record);
    if (record.role !== 'client' && record.role !== 'server') return [];
    const process = this.#process(record);
    record.process = process;
    process.add(record, this.#isKnown);
    return record.role === 'server' ? process.unknownCallsDuring(record, recheckLimit) : [];
  }

  /** Forgets a span that has been marked as released. */
  remove(record: SpanRecord): void {
    this.#spansById.delete(record.spanId);
    const { process } = record;
    if (process === undefined) return;
    process.remove(record);
    if (process.size > 0) return;
    const processes = this.#processes.get(record.agentId);
    processes?.delete(record.processId);
    if (processes?.size === 0) this.#processes.delete(record.agentId);
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
    for (const call of calls) if (call.evaluatedAt === 0) observeCall(call);
  }

  /** Decides a call and keeps the answer on it. @param arrival count of messages read so far */
  decide(call: SpanRecord, patience: Patience, arrival: number): Verdict {
    const verdict = decideCause(call, this.#find, patience);
    if (verdict.kind === 'wait') return verdict;
    call.evaluatedAt = arrival;
    if (verdict.kind === 'parent') call.cause = verdict.edge;
    else {
      call.isContradicted = verdict.reason === 'contradiction';
      this.unknown[verdict.reason]++;
      call.process!.noteUnknown(call);
    }
    return verdict;
  }
}
