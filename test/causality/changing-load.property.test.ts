/**
 * A process whose rule was learned begins to do something else: another endpoint, a pool that runs dry. From events to
 * traces; the truth is in what only this test reads.
 */
import { expect, test } from 'vitest';
import { loadConfig } from '../../core/config/load-config.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { correlatorConfig } from '../../correlator/config.ts';
import { Correlator } from '../../correlator/stage.ts';
import { finalTraces, tracesOf } from '../../correlator/testing/span-messages.ts';
import { type Scenario, simulate, type Step } from '../../enricher/causality/testing/simulate.ts';
import { runAgent } from '../../enricher/testing/run-agent.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { writeSpanBatch } from '../../schemas/generated/span-batch.ts';

const batchSpans = 200;
const warmUpRequests = 200;

/** The spans as the correlator sends them on, each with its parent. */
function correlate(spans: readonly Span[]): readonly Span[] {
  const correlator = new Correlator(loadConfig({}, { correlator: correlatorConfig }).correlator);
  const traces = [];
  for (let from = 0; from < spans.length; from += batchSpans) {
    const batch = spans.slice(from, from + batchSpans);
    const watermarkNs = batch.reduce((latest, span) => {
      const endNs = span.startTimeNs + BigInt(span.durationNs);
      return endNs > latest ? endNs : latest;
    }, 0n);
    const value = encodeValue({ agentId: batch[0]!.agentId, watermarkNs, spans: batch }, writeSpanBatch);
    const { topic, key, headers } = outgoingMessage('spans', '1', 'SpanBatch', value);
    const place = { partition: 0, offset: from, timestampMs: 0 };
    traces.push(...tracesOf(correlator.process({ topic, key, value, headers: headers ?? {}, ...place }, 0)));
  }
  traces.push(...tracesOf(correlator.drain()));
  return finalTraces(traces).flatMap((trace) => trace.spans);
}

function score(spans: readonly Span[]): { right: number; wrong: number; unknown: number } {
  const result = { right: 0, wrong: 0, unknown: 0 };
  const servers = new Map(spans.filter((span) => span.observationPoint === 's-p').map((span) => [span.spanId, span]));
  for (const call of spans) {
    if (call.observationPoint !== 'c-p' || Number(call.requestResource) < warmUpRequests) continue;
    if (call.parentSpanId === '') result.unknown++;
    else if (servers.get(call.parentSpanId)?.requestResource === call.requestResource) result.right++;
    else result.wrong++;
  }
  return result;
}

const one: readonly Step[] = [{ kind: 'calls', count: 1, endpoint: 'a' }];
const sequence: readonly Step[] = ['a', 'a', 'a'].map((endpoint) => ({ kind: 'calls', count: 1, endpoint }));
const slow: readonly Step[] = [{ kind: 'sleep', meanMs: 5 }, ...one];
const slowSequence: readonly Step[] = [...one, { kind: 'sleep', meanMs: 5 }, ...one, ...one];
/** From the seven hundredth request on. */
const turnsTo =
  (before: readonly Step[], after: readonly Step[]): Scenario['steps'] =>
  (request) =>
    request < 700 ? before : after;
const busy = { inFlight: 64, requests: 2_000 } as const;
const seeds = Array.from({ length: propertyRuns(10) }, (_, index) => index + 1);

test.each<readonly [string, Omit<Scenario, 'seed'>]>([
  [
    'a loop: calls from timers that clear nothing',
    { ...busy, scheduling: 'immediate', steps: turnsTo(one, slow), timersClear: false },
  ],
  [
    'a loop: every other request sleeps',
    {
      ...busy,
      scheduling: 'immediate',
      steps: (request) => (request > 700 && request % 2 === 0 ? slowSequence : sequence),
      timersClear: false,
    },
  ],
  ['a loop: a pool that runs dry', { ...busy, scheduling: 'immediate', steps: turnsTo([], sequence), poolSize: 8 }],
  [
    'a loop: a pool that runs dry, and sleepers',
    { ...busy, scheduling: 'immediate', steps: turnsTo(one, slowSequence), poolSize: 40 },
  ],
  ['a ready queue: endpoints of another shape', { ...busy, scheduling: 'ready', steps: turnsTo(one, slowSequence) }],
  ['a ready queue: a pool that runs dry', { ...busy, scheduling: 'ready', steps: turnsTo([], sequence), poolSize: 8 }],
  [
    'a loop that queues: endpoints of another shape',
    { ...busy, scheduling: 'queued', steps: turnsTo(one, slowSequence) },
  ],
  ['threads: endpoints of another shape', { ...busy, scheduling: 'threads', steps: turnsTo(one, slowSequence) }],
  ['threads of a pool', { ...busy, scheduling: 'handoff', steps: turnsTo(one, sequence) }],
])('%s: of 10,000 parents at most one is wrong', (_, scenario) => {
  const total = { calls: 0, wrong: 0 };
  for (const seed of seeds) {
    const { spans } = runAgent(simulate({ ...scenario, seed }).events);
    const { right, wrong, unknown } = score(correlate(spans));
    total.calls += right + wrong + unknown;
    total.wrong += wrong;
  }
  expect(total.calls).toBeGreaterThan(1_000 * seeds.length);
  expect(total.wrong, JSON.stringify(total)).toBeLessThanOrEqual(total.calls / 10_000);
});
