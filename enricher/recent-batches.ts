import type { EventBatch } from '../schemas/generated/event-batch.ts';

/**
 * Detects repeated batches of one agent. A sender without an acknowledgement sends a batch again, byte for byte and soon. So a
 * batch is a repetition only if exactly this batch is remembered: the same number, time, and ids of events or segments. A maximum (the
 * highest event id seen) would not do: one damaged or forged batch would raise it for ever.
 *
 * State: one mark for each of the last 1024 sequence numbers. A number far from the others replaces one mark and changes no
 * other.
 */

const leastSlots = 4;
const maxSlots = 1024;

/** The batches of one agent; see the top of the file. */
export class RecentBatches {
  /** Of each slot the sequence number and the mark; a mark is NaN while there is none. */
  #slots: Float64Array = noSlots;
  #used = 0;

  /** Remembers a batch; true when it was remembered already. */
  isRepeated(batch: EventBatch): boolean {
    const { sequence } = batch;
    const mark = markOf(batch);
    if (this.#slots.length === 0) this.#slots = emptySlots(leastSlots);
    else if (this.#used * 2 > this.#slots.length / 2 && this.#slots.length < 2 * maxSlots) this.#grow();
    const at = slotOf(sequence, this.#slots.length);
    if (this.#slots[at] === sequence && this.#slots[at + 1] === mark) return true;
    if (Number.isNaN(this.#slots[at + 1])) this.#used++;
    this.#slots[at] = sequence;
    this.#slots[at + 1] = mark;
    return false;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = emptySlots(before.length);
    this.#used = 0;
    for (let from = 0; from < before.length; from += 2) {
      if (Number.isNaN(before[from + 1])) continue;
      const at = slotOf(before[from]!, this.#slots.length);
      this.#slots[at] = before[from]!;
      this.#slots[at + 1] = before[from + 1]!;
      this.#used++;
    }
  }
}

const noSlots = new Float64Array(0);

/** @param count of slots, each of two numbers */
function emptySlots(count: number): Float64Array {
  return new Float64Array(2 * count).fill(Number.NaN);
}

/** @param length of the slots, a power of two */
function slotOf(sequence: number, length: number): number {
  const count = length / 2;
  return 2 * (((sequence % count) + count) % count);
}

/** A hash of what distinguishes a batch from the others of its agent. */
function markOf({
  sequence,
  events,
  segments,
  flows,
  reportedSpans,
  baseMonotonicNs,
  untilOffsetNs,
}: EventBatch): number {
  const records = segments.length > 0 ? segments : events;
  const first = records[0];
  const last = records[records.length - 1];
  let low = absorb(0x2545f491, sequence);
  low = absorb(low, baseMonotonicNs + untilOffsetNs);
  low = absorb(low, records.length);
  low = absorb(low, first?.id ?? 0);
  low = absorb(low, last?.id ?? 0);
  // Intervals of flows have no ids; two batches of a source that have only such differ in their time.
  low = absorb(low, flows.length);
  for (const { resourceSpans } of reportedSpans) low = absorb(low, resourceSpans.length);
  let high = absorb(low ^ 0x6c62272e, last?.timeOffsetNs ?? 0);
  high = absorb(high, first?.timeOffsetNs ?? 0);
  return (low >>> 0) * 0x10_0000 + (high >>> 12);
}

/** Takes both halves of a number into a hash of 32 bits (the mixing step of MurmurHash3, public domain). */
function absorb(state: number, value: number): number {
  let hash = state;
  for (const word of [value | 0, Math.floor(value / 0x1_0000_0000) | 0]) {
    let mixed = Math.imul(word, 0xcc9e2d51);
    mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
    hash ^= mixed;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  return hash;
}
