import type { Producer } from '../../core/bus/bus.ts';
import type { Edge, SpanRecord } from '../spans/span-record.ts';
import type { CauseOutput, CauseStage } from './cause-stage.ts';
import type { LinkRequest } from './link-request.ts';
import { linkedMessages, noCause, type StatedCause } from './linked-message.ts';
import { LinksLostError } from './redis-buckets.ts';
import type { Move, RedisLinks } from './redis-links.ts';

/** Spans per call that are linked but need not be sent. */
const relinkBatch = 2_000;

const stated = (cause: Edge | undefined): StatedCause =>
  cause === undefined
    ? noCause
    : { parentSpanId: cause.parent.spanId, reason: cause.reason, confidence: cause.confidence };
const asRecords = (moves: readonly Move[]): readonly { componentId: string; movedTo: string }[] =>
  moves.map(({ from, to }) => ({ componentId: from, movedTo: to }));

/** Access to spans that were emitted before. */
export type LinkedBefore = Pick<CauseStage, 'linkedAlready' | 'noteLinked' | 'unlinked'>;

/**
 * Links spans and sends them to `linked`. First it links spans again that a restart read again, without sending them. If the
 * store has lost its data, it links all spans in state again.
 */
export class LinkAndSend {
  readonly #links: RedisLinks;
  readonly #producer: Producer;
  readonly #before: LinkedBefore;
  #mustRelink = false;
  /** How often the store had lost its data. */
  losses = 0;

  constructor(links: RedisLinks, producer: Producer, before: LinkedBefore) {
    this.#links = links;
    this.#producer = producer;
    this.#before = before;
  }

  /** @throws PipelineError of the store or of the bus; then the caller delivers all of it again */
  async deliver(outputs: readonly CauseOutput[]): Promise<void> {
    const requests = outputs.filter((output) => output.kind === 'link');
    const others = outputs.filter((output) => output.kind === 'message').map(({ message }) => message);
    if (outputs.some(({ kind }) => kind === 'relink')) await this.#lookAfter(requests);
    if (requests.length > 0) await this.#send(requests);
    if (others.length > 0) await this.#producer.send(others);
  }

  /** Links emitted spans that are not linked yet. */
  async #lookAfter(requests: readonly LinkRequest[]): Promise<void> {
    await this.#untilNothingIsLost(async () => {
      await this.#links.check();
      await this.#relink(this.#readAgain(requests));
    });
  }

  async #send(requests: readonly LinkRequest[]): Promise<void> {
    const { components, moves } = await this.#link(requests);
    const spans = requests.map(({ span, cause }, index) => ({
      componentId: components[index]!,
      span,
      cause: stated(cause),
    }));
    await this.#producer.send(linkedMessages({ spans, moves: asRecords(moves), names: [] }));
    this.#note(requests, components, moves);
  }

  #link(requests: readonly LinkRequest[]): ReturnType<RedisLinks['link']> {
    return this.#untilNothingIsLost(async () => {
      await this.#relink(this.#readAgain(requests));
      return this.#links.link(requests);
    });
  }

  async #untilNothingIsLost<Value>(action: () => Promise<Value>): Promise<Value> {
    for (;;) {
      try {
        if (this.#mustRelink) await this.#relink([...this.#before.linkedAlready()]);
        this.#mustRelink = false;
        return await action();
      } catch (error) {
        if (!(error instanceof LinksLostError)) throw error;
        this.#mustRelink = true;
        this.losses++;
      }
    }
  }

  /** Spans that went out before this instance had them, and are not among those that go out now. */
  #readAgain(requests: readonly LinkRequest[]): readonly LinkRequest[] {
    const { unlinked } = this.#before;
    const now = new Set<SpanRecord>(requests.map(({ span }) => span));
    const others: LinkRequest[] = [];
    for (const span of unlinked) if (!now.has(span)) others.push({ span, cause: span.cause, mayBeKnown: true });
    return others;
  }

  async #relink(all: readonly LinkRequest[]): Promise<void> {
    for (let from = 0; from < all.length; from += relinkBatch) {
      const requests = all.slice(from, from + relinkBatch);
      const { components, moves } = await this.#links.link(requests);
      if (moves.length > 0)
        await this.#producer.send(linkedMessages({ spans: [], moves: asRecords(moves), names: [] }));
      this.#note(requests, components, moves);
    }
  }

  #note(requests: readonly LinkRequest[], components: readonly string[], moves: readonly Move[]): void {
    for (const [index, { span }] of requests.entries()) span.componentId = components[index]!;
    this.#before.noteLinked(requests.map(({ span }) => span));
    this.#links.announced(moves);
  }
}
