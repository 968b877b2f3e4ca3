/** One way to damage a file. */
export interface Damage {
  /** Cut to this length. */
  readonly keep?: number;
  /** This byte is another. */
  readonly place?: number;
  readonly value?: number;
  /** Bytes from and to are 0. */
  readonly zeroes?: readonly [from: number, to: number];
}
