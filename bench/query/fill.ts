/**
 * Fills a database with traces of the fleet through the sink: a day of time, of which the last hour is three times as busy. Some
 * traces come in two revisions, some become part of others, some batches are stored twice.
 */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import type { Flow } from '../../schemas/generated/flow-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { aFlow } from '../../schemas/testing/a-flow.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { deliverToClickHouse } from '../../sink/deliver.ts';
import { ReloadPace } from '../../sink/reload-pace.ts';
import { minuteSummaries } from '../../sink/minutes/minute-summary.ts';
import { SinkStage } from '../../sink/stage.ts';
import { flowMessage, resourceMessage, traceMessage } from '../../sink/testing/traces.ts';
import { fleetResources } from './fleet.ts';
import { fleetTrace } from './fleet-traces.ts';

const secondNs = 1_000_000_000n;
/** When the data begins and ends, in Unix nanoseconds. */
export const firstNs = 1_780_272_000n * secondNs;
export const lastNs = firstNs + 86_400n * secondNs;
const spansPerTrace = 12.4;
/** Of the traces in the last of the 24 hours. */
const busyShare = 0.12;
/** Traces between a trace and what comes late of it. */
const lateBy = 400;

/** Stores messages in batches, as the sink does. */
export class Filler {
  readonly #clickHouse: ClickHouse;
  readonly #stage = new SinkStage({ maxRows: 50_000, maxBytes: 32 * 1024 * 1024, maxAgeMs: 1e12 });
  readonly #reloads = new ReloadPace();
  spans = 0;

  constructor(clickHouse: ClickHouse) {
    this.#clickHouse = clickHouse;
  }

  async take(message: ReceivedMessage, spans = 0): Promise<void> {
    this.spans += spans;
    this.#stage.process(message, 0);
    await this.#deliver(this.#stage.flush(0));
  }

  async end(): Promise<void> {
    await this.#deliver(this.#stage.drain());
  }

  async #deliver(outputs: ReturnType<SinkStage['flush']>): Promise<void> {
    if (outputs.length === 0) return;
    const producer = { send: () => Promise.resolve(), close: () => Promise.resolve() };
    await deliverToClickHouse(outputs, { clickHouse: this.#clickHouse, producer, reloads: this.#reloads });
  }
}

/** When trace `number` of `count` begins. */
export function startOf(number: number, count: number): bigint {
  const calm = count * (1 - busyShare);
  const day = Number(lastNs - firstNs);
  const hour = day / 24;
  const at = number < calm ? (number / calm) * (day - hour) : day - hour + ((number - calm) / (count - calm)) * hour;
  // Starts of neighbours are not in the order of their numbers.
  const jitter = ((number * 7_919) % 1_000) * 4_000_000;
  return firstNs + BigInt(Math.min(Math.round(at) + jitter, day - 1));
}

/** Intervals of the flows of some of its packets. */
function flowsOf(trace: Trace, number: number): readonly Flow[] {
  if (number % 3 > 0) return [];
  const seen = trace.spans.filter((span): span is Span => span.flowId !== 0).slice(0, 2);
  return seen.map((span) =>
    aFlow({
      flowId: span.flowId,
      startTimeNs: span.startTimeNs,
      durationNs: 10_000_000_000,
      observationPoint: span.observationPoint,
      interfaceName: span.interfaceName,
      client: span.client,
      server: span.server,
    }),
  );
}

/** Fills the database. @returns spans that were stored, repeated ones included */
export async function fill(clickHouse: ClickHouse, spans: number, log: (text: string) => void): Promise<number> {
  const filler = new Filler(clickHouse);
  let offset = 0;
  for (const resource of fleetResources(firstNs - 3_600n * secondNs))
    await filler.take(resourceMessage(resource, offset++));
  const count = Math.ceil(spans / spansPerTrace);
  const startedAtMs = performance.now();
  const send = async (trace: Trace): Promise<void> => filler.take(traceMessage(trace, offset++), trace.spans.length);
  const traceOf = (number: number): Trace => fleetTrace(number, startOf(number, count));
  for (let number = 0; number < count; number++) {
    const trace = traceOf(number);
    if (number % 33 === 0 && trace.spans.length > 1) {
      const half = trace.spans.slice(0, Math.ceil(trace.spans.length / 2));
      const { traceId, carriedTraceId } = trace;
      await send(aTrace(half, { traceId, carriedTraceId }));
    } else await send(trace);
    const flows = flowsOf(trace, number);
    if (flows.length > 0) await filler.take(flowMessage({ agentId: flows.length, flows }, offset++));
    const late = number - lateBy;
    if (late >= 0 && late % 33 === 0) await send(traceOf(late));
    if (late > 0 && late % 101 === 0) await merge(traceOf(late), traceOf(late - 1), send);
    if (number % 50_000 === 49_999)
      log(`${filler.spans} spans, ${Math.round((filler.spans / (performance.now() - startedAtMs)) * 1000)} a second`);
  }
  await filler.end();
  return filler.spans;
}

/** The first one becomes part of the other. */
async function merge(gone: Trace, other: Trace, send: (trace: Trace) => Promise<void>): Promise<void> {
  const { traceId, carriedTraceId } = other;
  await send(aTrace([...other.spans, ...gone.spans], { traceId, carriedTraceId }));
  await send({
    ...aTrace([], { traceId: gone.traceId, revision: gone.spans.length }),
    mergedInto: traceId,
    startTimeNs: 0n,
    durationNs: 0,
  });
}

/**
 * Sums all minutes up, hour by hour: what the sink does minute by minute in the background writes the same lines.
 */
export async function sumAll(clickHouse: ClickHouse): Promise<void> {
  for (const { name } of minuteSummaries) {
    for (let at = firstNs; at <= lastNs; at += 3_600n * secondNs) {
      const hour = `minute >= toDateTime(${at / secondNs}, 'UTC') AND minute < toDateTime(${at / secondNs + 3_600n}, 'UTC')`;
      await clickHouse.execute(`INSERT INTO ${name}_sum SELECT *, 1, 0 FROM ${name}_now WHERE ${hour}`);
      await clickHouse.execute(
        `INSERT INTO summed_minute (summary, minute, summed_at)
         SELECT '${name}', minute, now64(9) FROM changed_minute WHERE summary = '${name}' AND ${hour}`,
      );
    }
  }
}
