/**
 * The event time of one agent whose sources are heard alternately: everything of all its sources up to it has been sent.
 *
 * - It is the least of the times of the sources that are heard, and does not step back when another source becomes one.
 * - A source that is not heard while another advances by 5 s has ended, and holds it no longer.
 * - A source whose own time steps back by more than a second shows that the clock of the host was set back. Then it steps back
 *   too, and the times of the other sources, which are of the old clock, do not count until they are heard again.
 *
 * State: two times for each source.
 */
import type { CaptureSource } from '../schemas/generated/event-batch.ts';

/** A time that steps back by less is disorder. */
const slackNs = 1_000_000_000n;
/** Progress of the others after which a source that is not heard has ended. */
const silenceNs = 5_000_000_000n;

interface SourceTime {
  timeNs: bigint;
  /** The furthest of the other sources when this one was heard last. */
  othersNs: bigint;
  isCounted: boolean;
}

/** The event time of one agent; see the top of the file. */
export class AgentWatermark {
  /** Unix nanoseconds by the agent's clock. */
  timeNs = 0n;
  readonly #sources = new Map<CaptureSource, SourceTime>();

  /** A source has sent everything up to `timeNs`. */
  observe(name: CaptureSource, timeNs: bigint): void {
    let source = this.#sources.get(name);
    if (source === undefined) {
      source = { timeNs, othersNs: 0n, isCounted: true };
      this.#sources.set(name, source);
    }
    const wasSetBack = timeNs < source.timeNs - slackNs && timeNs < this.timeNs - slackNs;
    source.timeNs = timeNs;
    source.isCounted = true;
    source.othersNs = 0n;
    let leastNs = timeNs;
    for (const other of this.#sources.values()) {
      if (other === source) continue;
      if (wasSetBack) other.isCounted = false;
      if (!other.isCounted) continue;
      if (other.timeNs > source.othersNs) source.othersNs = other.timeNs;
      if (other.othersNs === 0n) other.othersNs = timeNs;
      const hasEnded = timeNs - other.othersNs > silenceNs && timeNs - other.timeNs > silenceNs;
      if (!hasEnded && other.timeNs < leastNs) leastNs = other.timeNs;
    }
    if (wasSetBack || leastNs > this.timeNs) this.timeNs = leastNs;
  }
}
