/**
 * How many bytes of a message were seen. A message reaches from its first byte to the first byte of the next one of its
 * direction, over as many events as that takes; what moved later than the event that made it clear is not waited for.
 * So a size is known when the next message begins, else at the end of that event.
 */

interface Measured {
  readonly ingress: boolean;
  readonly start: number;
  readonly take: (bytes: number) => void;
}

/** The messages that became clear in the event in hand and whose size is not known yet. */
export class MessageSizes {
  private readonly measured: Measured[] = [];

  /** A message begins at `start` of its direction's bytes: hands over its size once that is known. */
  measure(ingress: boolean, start: number, take: (bytes: number) => void): void {
    this.measured.push({ ingress, start, take });
  }

  /** The next message of this direction begins at `end`. */
  endAt(ingress: boolean, end: number): void {
    this.takeOut(ingress, end, end);
  }

  /** Nothing more of this direction, of which `end` bytes moved, is in the event. */
  endAll(ingress: boolean, end: number): void {
    this.takeOut(ingress, Number.POSITIVE_INFINITY, end);
  }

  /** Those that begin before `before` end at `end`. */
  private takeOut(ingress: boolean, before: number, end: number): void {
    for (let index = 0; index < this.measured.length; index++) {
      const one = this.measured[index]!;
      if (one.ingress !== ingress || one.start >= before) continue;
      this.measured.splice(index--, 1);
      one.take(Math.max(0, end - one.start));
    }
  }
}
