import type { EventBatch } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';

/** The parent of a call, as it was decided. */
export interface ScoredEdge {
  readonly isRight: boolean;
  readonly reason: string;
  /** What was claimed: the probability that it is right. */
  readonly confidence: number;
}

/** How many parents of a gateway's calls are what they should be. */
export interface Score {
  readonly right: number;
  readonly wrong: number;
  /** Calls without a parent, or with one that leads to no request of the gateway. */
  readonly unknown: number;
  readonly edges: readonly ScoredEdge[];
  /** Of calls without a parent that have likely ones, the likeliest. */
  readonly likeliest: readonly ScoredEdge[];
  /** Requests that the gateway's server spans show, and how many of them with a response; also those that are not scored. */
  readonly served: number;
  readonly answered: number;
  /** Calls that client spans show, also those that are not scored. */
  readonly calls: number;
}

/** What is scored. */
export interface ScoredPorts {
  readonly gateway: number;
  /** Ports whose calls are scored: of the backend and the databases. */
  readonly called: readonly number[];
}

/** The first requests of the gateway are not scored: which hypothesis holds for it is still being learned. */
export const warmUpRequests = 200;

const truthPattern = /T\d{8}/;
const longestHeadBytes = 2_000;

/**
 * Truth of the message that every event began, by the event's id: `T` and 8 digits in a header, in a key or in a parameter. Only
 * the scorer reads it. A head may come in several reads: Go reads one byte ahead, hyper 24.
 */
export function readTruth(batches: Iterable<EventBatch>): Map<number, string> {
  const truthByEventId = new Map<number, string>();
  const headByMessageId = new Map<number, string>();
  for (const batch of batches) {
    for (const { id, messageId, payload } of batch.events) {
      if (payload.length === 0) continue;
      const text = Buffer.from(payload).toString('latin1');
      const truth = truthPattern.exec(text)?.[0];
      if (truth !== undefined) truthByEventId.set(id, truth);
      const head = (headByMessageId.get(messageId) ?? '') + text;
      if (head.length > longestHeadBytes || truthByEventId.has(messageId)) continue;
      headByMessageId.set(messageId, head);
      const truthOfMessage = truthPattern.exec(head)?.[0];
      if (truthOfMessage !== undefined) truthByEventId.set(messageId, truthOfMessage);
    }
  }
  return truthByEventId;
}

/**
 * Scores the parents of a gateway's calls. A parent is right that is, or leads to, the server span of the gateway with the truth
 * of the call; one with another truth on the way is wrong, and so is one that does not exist.
 */
export function score(
  spans: readonly Span[],
  truthByEventId: ReadonlyMap<number, string>,
  { gateway, called }: ScoredPorts,
): Score {
  const truthOf = ({ requestEventId }: Span): string | undefined => truthByEventId.get(requestEventId);
  const spanById = new Map(spans.map((span) => [span.spanId, span]));
  const isServed = ({ observationPoint, server }: Span): boolean =>
    observationPoint === 's-p' && server.port === gateway;
  const served = spans.filter((span) => isServed(span) && truthOf(span) !== undefined);
  const truths = new Set(served.map(truthOf));
  const scoredFrom = served.map((span) => span.requestEventId).sort((a, b) => a - b)[warmUpRequests] ?? Infinity;
  const calls = spans.filter(
    (span) => span.observationPoint === 'c-p' && called.includes(span.server.port) && truths.has(truthOf(span)),
  );

  const outcomeOf = (call: Span): 'right' | 'wrong' | 'unknown' => {
    const truth = truthOf(call);
    const seen = new Set<string>();
    for (let span = call; span.parentSpanId !== '' && !seen.has(span.parentSpanId);) {
      seen.add(span.parentSpanId);
      const parent = spanById.get(span.parentSpanId);
      if (parent === undefined || (truthOf(parent) ?? truth) !== truth) return 'wrong';
      if (isServed(parent)) return truthOf(parent) === truth ? 'right' : 'wrong';
      span = parent;
    }
    return 'unknown';
  };

  const counts = { right: 0, wrong: 0, unknown: 0 };
  const edges: ScoredEdge[] = [];
  const likeliest: ScoredEdge[] = [];
  for (const call of calls) {
    if (call.requestEventId < scoredFrom) continue;
    const outcome = outcomeOf(call);
    counts[outcome]++;
    if (outcome !== 'unknown')
      edges.push({ isRight: outcome === 'right', reason: call.reason, confidence: call.confidence });
    const [best] = call.likelyParents;
    if (best === undefined) continue;
    const { spanId, reason, confidence } = best;
    const parent = spanById.get(spanId);
    likeliest.push({ isRight: parent !== undefined && truthOf(parent) === truthOf(call), reason, confidence });
  }
  const answered = served.filter((span) => span.responseEventId !== 0).length;
  return { ...counts, edges, likeliest, served: served.length, answered, calls: calls.length };
}
