/**
 * The size in bytes of each message, as far as seen. A message extends from its first byte to the first byte of the next one in
 * its direction, over any number of events, but not beyond the event with which its head became clear. So its size is known
 * when the next message begins, else at the end of that event.
 */

/** Takes the size of a message; `isOver` when the next one begins behind it. */
export type TakeSize = (bytes: number, isOver: boolean) => void;

interface Measured {
  readonly start: number;
  readonly take: TakeSize;
}

/** Those of one direction by where they begin: each step costs what it takes out. */
class Direction {
  private measured: Measured[] = [];
  /** Those in front of it were taken out. */
  private first = 0;

  add(one: Measured): void {
    const { measured } = this;
    let at = measured.length;
    // Nearly always it begins behind all others.
    while (at > this.first && measured[at - 1]!.start > one.start) at--;
    if (at === measured.length) measured.push(one);
    else measured.splice(at, 0, one);
  }

  /** Those that begin before `before` end at `end`. */
  takeOut(before: number, end: number, isOver: boolean): void {
    const { measured } = this;
    while (this.first < measured.length && measured[this.first]!.start < before) {
      const { start, take } = measured[this.first++]!;
      take(Math.max(0, end - start), isOver);
    }
    if (this.first < measured.length || measured.length === 0) return;
    measured.length = 0;
    this.first = 0;
  }
}

/** Messages whose head became clear in the current event and whose size is not known yet. */
export class MessageSizes {
  private readonly ingress = new Direction();
  private readonly egress = new Direction();

  /** A message begins at `start` of its direction's bytes: hands over its size once that is known. */
  measure(ingress: boolean, start: number, take: TakeSize): void {
    this.of(ingress).add({ start, take });
  }

  /** The next message of this direction begins at `end`. */
  endAt(ingress: boolean, end: number): void {
    this.of(ingress).takeOut(end, end, true);
  }

  /** Nothing more of this direction, of which `end` bytes moved, is in the event. */
  endAll(ingress: boolean, end: number): void {
    this.of(ingress).takeOut(Number.POSITIVE_INFINITY, end, false);
  }

  private of(ingress: boolean): Direction {
    return ingress ? this.ingress : this.egress;
  }
}
