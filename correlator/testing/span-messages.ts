import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, schemaHeader } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import type { Cause, Side, Span } from '../../schemas/generated/span.ts';
import { writeSpanBatch } from '../../schemas/generated/span-batch.ts';
import { readTrace, type Trace } from '../../schemas/generated/trace.ts';
import { aSide, epochNs } from '../../schemas/testing/a-span.ts';
import type { CorrelatorConfig } from '../config.ts';

/** The settings' defaults. */
export const testConfig: CorrelatorConfig = {
  quietMs: 3_000,
  lateMs: 150_000,
  minConfidence: 0.9,
  causeWaitMs: 8_000,
  maxOpenMs: 60_000,
  requestIdWindowMs: 60_000,
  traceIdWindowMs: 300_000,
  maxClockSkewMs: 60_000,
  maxTraceSpans: 10_000,
  maxRequestIdSpans: 1_000,
  maxSpans: 500_000,
  maxBytes: 256 * 2 ** 20,
  redisUser: 'default',
  redisCluster: false,
  redisPrefix: 'spanloom:',
  linkTtl: 600_000,
};

/** One end of a call on 10.0.0.`host`. */
export function side(host: number, port: number): Side {
  return aSide({ address: Uint8Array.of(10, 0, 0, host), port });
}

/** A number as the 16 hex digits of a span id. */
export const hexId = (value: number): string => value.toString(16).padStart(16, '0');

/** The call continued a server span's request. */
export function afterRequest(span: { readonly spanId: string }, note: Partial<Cause> = {}): Cause {
  return { kind: 'request', spanId: span.spanId, rule: 'last_read', confidence: 0.9999, learned: true, ...note };
}

/** The call or the reply continued a call's response. */
export function afterResponse(span: { readonly spanId: string }, note: Partial<Cause> = {}): Cause {
  return { kind: 'response', spanId: span.spanId, rule: 'last_read', confidence: 0.9999, learned: true, ...note };
}

/** A SpanBatch on the bus, `atMs` after the epoch by its agent's watermark. */
export function batchMessage(
  offset: number,
  atMs: number,
  spans: readonly Span[],
  place: { readonly agentId?: number; readonly partition?: number } = {},
): ReceivedMessage {
  const agentId = place.agentId ?? spans[0]?.agentId ?? 1;
  const watermarkNs = epochNs + BigInt(Math.round(atMs * 1e6));
  return {
    topic: 'spans',
    partition: place.partition ?? 0,
    offset,
    timestampMs: 0,
    key: String(agentId),
    value: encodeValue({ agentId, watermarkNs, spans }, writeSpanBatch),
    headers: { [schemaHeader]: schemas.SpanBatch.fingerprint },
  };
}

/** The Traces among messages, in order. */
export function tracesOf(messages: readonly OutgoingMessage[]): readonly Trace[] {
  return messages
    .filter(({ topic }) => topic === 'traces')
    .map(({ value }) => readTrace(new AvroReader(Buffer.from(value))));
}

/** What is left when later revisions replace earlier ones and absorbed traces are gone. */
export function finalTraces(traces: readonly Trace[]): readonly Trace[] {
  const byId = new Map<string, Trace>();
  for (const trace of traces) {
    const known = byId.get(trace.traceId);
    if (known === undefined || trace.revision > known.revision) byId.set(trace.traceId, trace);
  }
  return [...byId.values()].filter(({ mergedInto }) => mergedInto === '');
}
