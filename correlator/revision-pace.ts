/**
 * When the next revision of a trace is due. A revision repeats the whole trace, so a client that adds one span at a time to a
 * large trace would make the pipeline write megabytes for each. Exponential backoff bounds that:
 *
 * - A trace whose span count has doubled is due as soon as it is quiet. The sizes of such revisions are a geometric series,
 *   in sum below twice the last.
 * - Otherwise a revision waits for an interval, which doubles each time. So the number of revisions is logarithmic in the
 *   duration of the trace. The first interval is the quiet period, or longer in proportion to the bytes of the trace.
 * - The last revision, with all spans, is due at the latest when the late window of the last span ends.
 *
 * Only times in the data count.
 */

/** Bytes of a trace per second of its first interval. */
const bytesPerSecond = 64 * 1024;

/** The last revision of a trace. */
export interface RevisionPace {
  /** When it was due. */
  readonly at: number;
  /** Spans in it. */
  readonly spans: number;
  /** Interval from there to the next revision, unless the trace doubles. */
  readonly distance: number;
}

/** Settings of {@link RevisionPacing}; durations in the unit of its clock. */
export interface RevisionPacingOptions {
  readonly quiet: number;
  readonly late: number;
  readonly unitsPerSecond: number;
}

/** When revisions are due. */
export class RevisionPacing {
  readonly #options: RevisionPacingOptions;

  constructor(options: RevisionPacingOptions) {
    this.#options = options;
  }

  /**
   * When the next revision may be emitted.
   *
   * @param spans in the trace now
   * @param touched when the last of them came
   */
  due(last: RevisionPace, spans: number, touched: number): number {
    if (spans >= 2 * last.spans) return touched;
    return Math.min(last.at + last.distance, touched + this.#options.late);
  }

  /** The pace after a revision with this number of spans and bytes; `last` is undefined for the first. */
  next(last: RevisionPace | undefined, at: number, spans: number, bytes: number): RevisionPace {
    const { quiet, unitsPerSecond } = this.#options;
    const least = Math.max(quiet, (bytes / bytesPerSecond) * unitsPerSecond);
    if (last === undefined) return { at, spans, distance: least };
    const distance = spans >= 2 * last.spans ? last.distance : 2 * last.distance;
    return { at, spans, distance: Math.max(distance, least) };
  }
}

/** The pace of two joined traces: joining a small trace to a large one does not make the large one due sooner. */
export function joinedPace(left: RevisionPace, right: RevisionPace): RevisionPace {
  return {
    at: Math.max(left.at, right.at),
    spans: left.spans + right.spans,
    distance: Math.max(left.distance, right.distance),
  };
}
