/**
 * How often a trace goes out again. A revision repeats the whole trace, so a client that sends one span at a time into a
 * large one would make the pipeline write megabytes for each. Exponential backoff bounds that:
 *
 * - A trace that has doubled goes out as soon as it is quiet. Sizes of such revisions are a geometric series, below twice
 *   the last.
 * - Else a revision keeps a distance from the one before, which doubles each time: over a trace's life there are at most
 *   as many of these as the logarithm of that life. The first distance is a quiet period, so that a small trace with a late
 *   span is complete soon, or longer in proportion to what would be repeated.
 * - The end of the late window of the last span is not awaited longer: then the last revision goes out, with everything.
 *
 * All of it follows from times of the data.
 */

/** A large trace goes out again after a second for each of so many bytes. */
const bytesPerSecond = 64 * 1024;

/** What went out last of a trace. */
export interface RevisionPace {
  /** When it was due. */
  readonly at: number;
  /** Spans in it. */
  readonly spans: number;
  /** From there to the next revision, unless the trace doubles. */
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
   * When the next revision may go out.
   *
   * @param spans in the trace now
   * @param touched when the last of them came
   */
  due(last: RevisionPace, spans: number, touched: number): number {
    if (spans >= 2 * last.spans) return touched;
    return Math.min(last.at + last.distance, touched + this.#options.late);
  }

  /** The pace after a revision of so many spans and bytes went out; `last` is undefined for the first. */
  next(last: RevisionPace | undefined, at: number, spans: number, bytes: number): RevisionPace {
    const { quiet, unitsPerSecond } = this.#options;
    const least = Math.max(quiet, (bytes / bytesPerSecond) * unitsPerSecond);
    if (last === undefined) return { at, spans, distance: least };
    const distance = spans >= 2 * last.spans ? last.distance : 2 * last.distance;
    return { at, spans, distance: Math.max(distance, least) };
  }
}

/** The pace of a trace that was two: joining small ones to a large one does not make that go out sooner. */
export function joinedPace(left: RevisionPace, right: RevisionPace): RevisionPace {
  return {
    at: Math.max(left.at, right.at),
    spans: left.spans + right.spans,
    distance: Math.max(left.distance, right.distance),
  };
}
