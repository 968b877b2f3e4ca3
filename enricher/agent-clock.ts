/**
 * The clock of one agent, and whether batches of it were lost, from the sequence numbers and times of its batches. A batch may
 * be damaged or forged, so one that contradicts the others is not believed alone:
 *
 * - A course is a run of batches with ascending sequence numbers. A batch that continues one of the last few courses is no
 *   gap. So a batch with an unrelated number makes one gap, and no second one when the true course continues.
 * - A time is believed if it is not behind, and not further ahead than the time passed at the bus, within a minute.
 *   Another time is believed once two batches in a row have it: the host was rebooted or suspended.
 *
 * State: four courses.
 */

const maxCourses = 4;
/** Allowed difference of the clocks of hosts and of the bus, and allowed delay of batches. */
export const toleranceNs = 60_000_000_000;
/** How far ahead a batch that continues a course may be if the bus gives no timestamp. */
const unknownElapsedNs = 86_400_000_000_000;

/** Sequence number and times that a batch claims. */
export interface BatchTimes {
  readonly sequence: number;
  /** CLOCK_MONOTONIC of the agent up to which all its events were sent. */
  readonly untilNs: number;
  /** When the bus accepted it, in milliseconds; 0 when that is not known. */
  readonly acceptedMs: number;
}

/** What the clock concludes from a batch. */
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
  /** The most recent one first. */
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

  /** Advances to the time of a believed batch. True if the clock stepped back: the agent's host was rebooted. */
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
