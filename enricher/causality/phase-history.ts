import type { Arrival, InboundMessage, Write } from './messages.ts';

/**
 * What one context read and wrote in its latest phases. The queue hypotheses look at a phase when it is over, and at the
 * messages of this phase and of those before it.
 */

const maxPerPhase = 512;
/** A message can be due up to four phases after it was read. */
export const keptPhases = 5;
const noWrites: readonly Write[] = [];

class Phase {
  readonly number: number;
  readonly arrivals: Arrival[] = [];
  readonly writes: Write[] = [];

  constructor(number: number) {
    this.number = number;
  }
}

/** See the top of the file. */
export class PhaseHistory {
  private phases: Phase[] = [];
  private readonly isDone: (message: InboundMessage) => boolean;

  /** @param isDone whether nothing that is still to be read of a message can lead to anything */
  constructor(isDone: (message: InboundMessage) => boolean) {
    this.isDone = isDone;
  }

  reset(): void {
    if (this.phases.length > 0) this.phases = [];
  }

  /** Messages that were read completely, or of which a later part was read. */
  arrive(phase: number, order: number, messages: readonly InboundMessage[]): void {
    const { arrivals } = this.phaseOf(phase);
    for (const message of messages) {
      const before = message.arrival;
      if (before !== undefined) {
        if (before.phase === phase || before.moved || before.taken || this.isDone(message)) continue;
        before.moved = true;
      }
      if (arrivals.length >= maxPerPhase) return;
      const last = arrivals[arrivals.length - 1];
      // Responses to calls written at once lead on together.
      const together = last?.order === order && message.kind === 'response' && last.message.kind === 'response';
      if (together && last.message.write === message.write) last.moved = true;
      message.arrival = { message, phase, order, moved: false, taken: false };
      arrivals.push(message.arrival);
    }
  }

  write(phase: number, write: Write): void {
    const { writes } = this.phaseOf(phase);
    if (writes.length < maxPerPhase) writes.push(write);
  }

  /** Phase `from` is over, and all up to `to`, which begins now. Hands over each whose messages may have been due. */
  advance(from: number, to: number, phaseEnd: (phase: number) => void): void {
    if (this.phases.length === 0) return;
    const last = Math.min(to - 1, from + keptPhases - 1);
    for (let phase = from; phase <= last; phase++) phaseEnd(phase);
    const oldest = to - keptPhases;
    while (this.phases.length > 0 && this.phases[0]!.number <= oldest) this.phases.shift();
  }

  /** What was read in a phase, and not again later. */
  arrivalsIn(phase: number): Arrival[] {
    return this.find(phase)?.arrivals.filter(({ moved }) => !moved) ?? [];
  }

  writesIn(phase: number): readonly Write[] {
    return this.find(phase)?.writes ?? noWrites;
  }

  private phaseOf(number: number): Phase {
    let phase = this.phases[this.phases.length - 1];
    if (phase?.number !== number) this.phases.push((phase = new Phase(number)));
    return phase;
  }

  private find(number: number): Phase | undefined {
    return this.phases.find((phase) => phase.number === number);
  }
}
