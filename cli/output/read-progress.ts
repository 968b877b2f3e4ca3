const bytesPerMb = 1e6;

/** How far a file has been read: part, megabytes and their rate. */
export class ReadProgress {
  readonly #nowMs: () => number;
  readonly #startMs: number;

  /** @param nowMs of a clock that only goes forward, in milliseconds */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
    this.#startMs = nowMs();
  }

  /** @param sizeBytes undefined where it is not known */
  text(positionBytes: number, sizeBytes: number | undefined): string {
    const seconds = (this.#nowMs() - this.#startMs) / 1000;
    const megabytes = positionBytes / bytesPerMb;
    const part =
      sizeBytes === undefined ? '' : `${((100 * positionBytes) / Math.max(1, sizeBytes)).toFixed(0)} % read, `;
    const rate = seconds > 0 ? `, ${(megabytes / seconds).toFixed(1)} MB/s` : '';
    return `${part}${megabytes.toFixed(1)} MB${rate}`;
  }
}
