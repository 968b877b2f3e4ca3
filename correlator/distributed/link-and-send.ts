import type { Producer } from '../../core/bus/bus.ts';
import type { Edge } from '../span-record.ts';
import type { CauseOutput } from './cause-stage.ts';
import type { LinkRequest } from './link-request.ts';
import { linkedMessages, noCause, type StatedCause } from './linked-message.ts';
import { LinksLostError, type Move, type RedisLinks } from './redis-links.ts';

/** Spans linked at once when the store has lost its data. */
const relinkBatch = 2_000;

const stated = (cause: Edge | undefined): StatedCause =>
  cause === undefined
    ? noCause
    : { parentSpanId: cause.parent.spanId, reason: cause.reason, confidence: cause.confidence };

/**
 * Links spans and sends them on. When the store has lost its data, everything in state is linked again first: the names
 * of components follow from their spans, so most are what they were, and of the others it is told where they moved.
 */
export class LinkAndSend {
  readonly #links: RedisLinks;
  readonly #producer: Producer;
  readonly #linkedAlready: () => Iterable<LinkRequest>;
  #mustRelink = false;
  /** How often the store had lost its data. */
  losses = 0;

  /** @param linkedAlready spans in state that went out before */
  constructor(links: RedisLinks, producer: Producer, linkedAlready: () => Iterable<LinkRequest>) {
    this.#links = links;
    this.#producer = producer;
    this.#linkedAlready = linkedAlready;
  }

  /** @throws PipelineError of the store or of the bus; then all of it is to be delivered again */
  async deliver(outputs: readonly CauseOutput[]): Promise<void> {
    const requests = outputs.filter((output) => output.kind === 'link');
    const others = outputs.filter((output) => output.kind === 'message').map(({ message }) => message);
    if (requests.length > 0) await this.#send(requests);
    if (others.length > 0) await this.#producer.send(others);
  }

  async #send(requests: readonly LinkRequest[]): Promise<void> {
    const { components, moves } = await this.#link(requests);
    const spans = requests.map(({ span, cause }, index) => ({
      componentId: components[index]!,
      span,
      cause: stated(cause),
    }));
    await this.#producer.send(linkedMessages({ spans, moves: asRecords(moves), names: [] }));
    for (const [index, { span }] of requests.entries()) span.componentId = components[index]!;
    this.#links.announced(moves);
  }

  async #link(requests: readonly LinkRequest[]): ReturnType<RedisLinks['link']> {
    for (;;) {
      try {
        if (this.#mustRelink) await this.#relink();
        return await this.#links.link(requests);
      } catch (error) {
        if (!(error instanceof LinksLostError)) throw error;
        this.#mustRelink = true;
        this.losses++;
      }
    }
  }

  async #relink(): Promise<void> {
    const all = [...this.#linkedAlready()];
    for (let from = 0; from < all.length; from += relinkBatch) {
      const requests = all.slice(from, from + relinkBatch);
      const { components, moves } = await this.#links.link(requests);
      if (moves.length > 0)
        await this.#producer.send(linkedMessages({ spans: [], moves: asRecords(moves), names: [] }));
      for (const [index, { span }] of requests.entries()) span.componentId = components[index]!;
      this.#links.announced(moves);
    }
    this.#mustRelink = false;
  }
}

const asRecords = (moves: readonly Move[]): readonly { componentId: string; movedTo: string }[] =>
  moves.map(({ from, to }) => ({ componentId: from, movedTo: to }));
