import type { Position, ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;

/**
 * Whether messages are read again to rebuild state. The runtime suppresses their results. First emissions come at the same
 * messages as before. But a revision depends on more: it may come a little earlier than before, among the suppressed
 * results, and would be lost. So revisions wait until this is over.
 */
export class ReadAgain {
  readonly #below = new Map<string, number>();
  readonly #longestNs: number;
  #sinceNs: number | undefined;

  /** @param longestNs event time after which it is over, also if retention removed messages */
  constructor(longestNs: number) {
    this.#longestNs = longestNs;
  }

  get isGoingOn(): boolean {
    return this.#below.size > 0;
  }

  assign(positions: readonly Position[]): void {
    for (const position of positions)
      if (position.emittedBelow > position.offset) this.#below.set(keyOf(position), position.emittedBelow);
    this.#sinceNs = undefined;
  }

  /** A message was processed. */
  note(message: TopicPartition & Pick<ReceivedMessage, 'offset'>, nowNs: number): void {
    if (!this.isGoingOn) return;
    const below = this.#below.get(keyOf(message));
    if (below !== undefined && message.offset + 1 >= below) this.#below.delete(keyOf(message));
    this.#sinceNs ??= nowNs;
    if (nowNs - this.#sinceNs > this.#longestNs) this.end();
  }

  revoke(sources: readonly TopicPartition[]): void {
    for (const source of sources) this.#below.delete(keyOf(source));
  }

  end(): void {
    this.#below.clear();
  }
}
