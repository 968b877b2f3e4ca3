/**
 * The correlator's only clock: the greatest watermark of any agent. An agent whose watermark is hours away from it (a
 * recording replayed beside live data, a host without time synchronisation) is shifted next to it, so that it neither
 * stops the clock nor tears it forward; from then on its progress counts.
 */
const plausibleGapNs = 3600e9;

/** Event time, in Unix nanoseconds as doubles. */
export class EventClock {
  nowNs = 0;
  readonly #shiftByAgent = new Map<number, number>();

  /** Takes note of an agent's watermark. */
  observe(agentId: number, watermarkNs: number): void {
    if (this.nowNs === 0) {
      this.nowNs = watermarkNs;
      return;
    }
    let shifted = watermarkNs - (this.#shiftByAgent.get(agentId) ?? 0);
    if (Math.abs(shifted - this.nowNs) > plausibleGapNs) {
      this.#shiftByAgent.set(agentId, watermarkNs - this.nowNs);
      shifted = this.nowNs;
    }
    if (shifted > this.nowNs) this.nowNs = shifted;
  }
}
