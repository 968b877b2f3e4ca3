/** One batch of what is replayed. */
export interface ReplayedBatch {
  /** An EventBatch of the present schema. */
  readonly value: Buffer;
  /** Bytes of the input that were read for it and for all before it. */
  readonly positionBytes: number;
}
