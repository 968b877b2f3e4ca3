import { stepOf, type Trust } from './messages.ts';
import { TrackRecord } from './track-record.ts';

/** How well a hypothesis did by circumstance, apart for moments with several requests in flight (contested) and with one. */
export class TrackRecords {
  private readonly contested: readonly TrackRecord[];
  private readonly single: readonly TrackRecord[];

  constructor(circumstances: number) {
    this.contested = Array.from({ length: circumstances }, () => new TrackRecord());
    this.single = Array.from({ length: circumstances }, () => new TrackRecord());
  }

  of(circumstance: number, contested: boolean): TrackRecord {
    return (contested ? this.contested : this.single)[circumstance]!;
  }

  add(circumstance: number, contested: boolean, right: boolean): void {
    this.of(circumstance, contested).add(right);
  }

  /** Judges a chain. Any of its steps may be the wrong one: they are one assumption. @param steps see {@link stepOf} */
  addSteps(steps: number, contested: boolean, right: boolean): void {
    this.contested.forEach((_, circumstance) => {
      if ((steps & stepOf(circumstance)) !== 0) this.add(circumstance, contested, right);
    });
  }

  trust(circumstance: number, contested: boolean): Trust {
    const { refuted: isRefuted, learned: isLearned, confidence } = this.of(circumstance, contested);
    return { isRefuted, isLearned, confidence };
  }

  /** By the record of the circumstance, or, while that says nothing, of one in which it is harder to be right. */
  trustOrHarder(circumstance: number, harder: number, contested: boolean): Trust {
    const own = this.trust(circumstance, contested);
    if (circumstance === harder || own.isLearned || own.isRefuted) return own;
    const other = this.trust(harder, contested);
    return other.isLearned ? other : own;
  }

  /** The hypothesis is another one from now on. */
  reset(): void {
    for (const record of [...this.contested, ...this.single]) record.reset();
  }
}
