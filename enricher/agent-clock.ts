/**
 * How far the clock of one agent is, and whether batches of it were lost, from what its batches say of themselves. Batches
 * may be damaged or forged, so none is believed by itself where it contradicts the others:
 *
 * - A course is a run of batches with ascending sequence numbers. A batch that continues one of the last few courses is no
 *   gap, so a batch with a number of its own makes one gap and not a second one when the true course goes on.
 * - A time is believed when it is not behind, and not further ahead than time has passed at the bus, give or take a minute.
 *   Another time is believed once two batches in a row have it: the host was started anew, or lay still.
 *
 * State: four courses.
 */

const maxCourses = 4;
/** Clocks of hosts and of the bus may differ by so much, and batches may be late by so much. */
export const toleranceNs = 60_000_000_000;
/** Where the bus does not say when it accepted a batch, one that continues a course may be so far ahead. */
const unknownElapsedNs = 86_400_000_000_000;

/** What a batch says of itself. */
export interface BatchTimes {
  readonly sequence: number;
  /** CLOCK_MONOTONIC of the agent up to which it was told of everything. */
  readonly untilNs: number;
  /** When the bus accepted it, in milliseconds; 0 when that is not known. */
  readonly acceptedMs: number;
}

/** What follows from a batch. */
export interface ClockStep {
  /** Batches before it are missing. */
  readonly isGap: boolean;
  /** Its time is that of the agent. */
  readonly isBelieved: boolean;
}

interface Course {
  sequence: number;
  untilNs: number;
  acceptedMs: number;
  isBelieved: boolean;
}

/** The clock of one agent; see the top of the file. */
export class AgentClock {
  /** CLOCK_MONOTONIC of the agent, as far as it is believed. */
  untilNs = 0;
  #acceptedMs = 0;
  /** The one heard of last in front. */
  readonly #courses: Course[] = [];

  /** Judges the next batch. The clock stays as it is until {@link advance}. */
  judge(batch: BatchTimes): ClockStep {
    const { sequence, untilNs, acceptedMs } = batch;
    const courses = this.#courses;
    const index = courses.findIndex((course) => course.sequence + 1 === sequence);
    if (index < 0) {
      const isFirst = courses.length === 0;
      const isBelieved = isFirst || isPlausible(batch, this.untilNs, this.#acceptedMs, 0);
      if (courses.length === maxCourses) courses.pop();
      courses.unshift({ sequence, untilNs, acceptedMs, isBelieved });
      return { isGap: !isFirst, isBelieved };
    }
    const course = courses[index]!;
    if (index > 0) {
      courses.splice(index, 1);
      courses.unshift(course);
    }
    const continues = isPlausible(batch, course.untilNs, course.acceptedMs, unknownElapsedNs);
    course.isBelieved = continues || isPlausible(batch, this.untilNs, this.#acceptedMs, 0);
    course.sequence = sequence;
    course.untilNs = continues ? Math.max(course.untilNs, untilNs) : untilNs;
    course.acceptedMs = acceptedMs;
    return { isGap: false, isBelieved: course.isBelieved };
  }

  /** Takes in the time of a batch that is believed. True when the clock was set back: it is that of another start. */
  advance({ untilNs, acceptedMs }: BatchTimes): boolean {
    const isSetBack = untilNs < this.untilNs - toleranceNs;
    if (isSetBack || untilNs > this.untilNs) this.untilNs = untilNs;
    this.#acceptedMs = acceptedMs;
    return isSetBack;
  }
}

/** Whether a batch fits a time known before, as of when the bus accepted both. */
function isPlausible(batch: BatchTimes, beforeNs: number, beforeMs: number, unknownNs: number): boolean {
  const isKnown = batch.acceptedMs !== 0 && beforeMs !== 0;
  const elapsedNs = isKnown ? Math.max(0, batch.acceptedMs - beforeMs) * 1e6 : unknownNs;
  const stepNs = batch.untilNs - beforeNs;
  return stepNs >= -toleranceNs && stepNs <= elapsedNs + toleranceNs;
}
