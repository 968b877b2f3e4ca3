import type { EventBatch } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';

/** How many parents of the gateway's calls are what they should be. */
export interface Score {
  readonly right: number;
  readonly wrong: number;
  readonly unknown: number;
  /** Counts by the reason of the edge, for right and wrong edges. */
  readonly byReason: Readonly<Record<string, { right: number; wrong: number }>>;
}

/** Truth of every event whose payload carries an `x-truth` header, by event id. Only the scorer reads it. */
export function readTruth(batches: Iterable<EventBatch>): Map<number, string> {
  const truthByEventId = new Map<number, string>();
  for (const batch of batches) {
    for (const event of batch.events) {
      if (event.payload.length === 0) continue;
      const truth = /x-truth: (T\d{8})/i.exec(Buffer.from(event.payload).toString('latin1'))?.[1];
      if (truth !== undefined) truthByEventId.set(event.id, truth);
    }
  }
  return truthByEventId;
}

/**
 * Scores the parents of the gateway's calls to its backend.
 * @param warmUp the first so many requests of the gateway are not scored: which hypothesis holds for it is still being learned
 */
export function score(
  spans: readonly Span[],
  truthByEventId: ReadonlyMap<number, string>,
  ports: { readonly gateway: number; readonly backend: number },
  warmUp: number,
): Score {
  const served = spans.filter((span) => span.observationPoint === 's-p' && span.server.port === ports.gateway);
  const servedById = new Map(served.map((span) => [span.spanId, span]));
  const scoredFrom = served.map((span) => span.requestEventId).sort((a, b) => a - b)[warmUp] ?? Infinity;
  const counts = { right: 0, wrong: 0, unknown: 0 };
  const byReason: Record<string, { right: number; wrong: number }> = {};
  for (const span of spans) {
    if (span.observationPoint !== 'c-p' || span.server.port !== ports.backend || span.requestEventId < scoredFrom)
      continue;
    const truth = truthByEventId.get(span.requestEventId);
    if (truth === undefined) continue;
    if (span.parentSpanId === '') {
      counts.unknown++;
      continue;
    }
    const parent = servedById.get(span.parentSpanId);
    const outcome = parent !== undefined && truthByEventId.get(parent.requestEventId) === truth ? 'right' : 'wrong';
    counts[outcome]++;
    (byReason[span.reason] ??= { right: 0, wrong: 0 })[outcome]++;
  }
  return { ...counts, byReason };
}
