/**
 * The event time of one agent whose sources are heard alternately: everything of all its sources up to it has been sent.
 *
 * - It is the least of the times of the sources that are heard, and does not step back when another source becomes one.
 * - A source that has ended, as agent.ts finds, holds it no longer until it is heard again.
 * - A source whose own time steps back by more than a second shows that the clock of the host was set back. Then it steps back
 *   too, and the times of the other sources, which are of the old clock, do not count until they are heard again.
 * - Spans that applications report come seconds after they ended, and what their source has sent says nothing of others. Its time
 *   counts only where no other source does: it says that the collector is alive.
 *
 * State: a time for each source.
 */
import type { CaptureSource } from '../schemas/generated/event-batch.ts';

/** A time that steps back by less is disorder. */
const slackNs = 1_000_000_000n;

const applications = 'applications' satisfies CaptureSource;

/** The event time of one agent; see the top of the file. */
export class AgentWatermark {
  /** Unix nanoseconds by the agent's clock. */
  timeNs = 0n;
  /** Of the sources that count. */
  readonly #times = new Map<CaptureSource, bigint>();

  /** A source has sent everything up to `timeNs`. */
  observe(source: CaptureSource, timeNs: bigint): void {
    if (source !== applications) this.#times.delete(applications);
    else if (this.#times.size > (this.#times.has(applications) ? 1 : 0)) return;
    const formerNs = this.#times.get(source) ?? 0n;
    const wasSetBack = timeNs < formerNs - slackNs && timeNs < this.timeNs - slackNs;
    if (wasSetBack) this.#times.clear();
    this.#times.set(source, timeNs);
    let leastNs = timeNs;
    for (const otherNs of this.#times.values()) if (otherNs < leastNs) leastNs = otherNs;
    if (wasSetBack || leastNs > this.timeNs) this.timeNs = leastNs;
  }

  /** A source is not waited for until it is heard again. */
  leaveOut(source: CaptureSource): void {
    this.#times.delete(source);
  }
}
