import type { Flow } from '../schemas/generated/flow-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import type { SpanBatch } from '../schemas/generated/span-batch.ts';
import type { TaggedSides } from './tag/tagger.ts';
import type { TaggedRecord } from './tag/waiting-records.ts';

/** What an agent has to send: a batch of spans with its progress, and flows. */
export interface AgentOutput extends SpanBatch {
  readonly flows: readonly Flow[];
}

/** Finished records of one agent until they are sent. */
export class FinishedRecords {
  #spans: Span[] = [];
  #flows: Flow[] = [];

  get isEmpty(): boolean {
    return this.#spans.length === 0 && this.#flows.length === 0;
  }

  add({ kind, record }: TaggedRecord): void {
    if (kind === 'span') this.#spans.push(record);
    else this.#flows.push(record);
  }

  /** Adds a record whose sides were tagged anew. */
  addTaggedAnew(tagged: TaggedRecord, { local, peer }: TaggedSides): void {
    const { isServer } = tagged.question;
    const sides = { client: isServer ? peer : local, server: isServer ? local : peer };
    if (tagged.kind === 'span') this.#spans.push({ ...tagged.record, ...sides });
    else this.#flows.push({ ...tagged.record, ...sides });
  }

  /** Moves all of another one behind those here. */
  takeOver(other: FinishedRecords): void {
    for (const span of other.#spans) this.#spans.push(span);
    for (const flow of other.#flows) this.#flows.push(flow);
    other.#spans = [];
    other.#flows = [];
  }

  /** Removes and returns all, as the output of an agent. */
  take(agentId: number, watermarkNs: bigint): AgentOutput {
    const output = { agentId, watermarkNs, spans: this.#spans, flows: this.#flows };
    this.#spans = [];
    this.#flows = [];
    return output;
  }
}
