/** Spans such as no service would make: few values for everything, so that all kinds of coincidence happen. */
import fc from 'fast-check';
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import type { Cause, Span } from '../../schemas/generated/span.ts';
import { events, lasting } from './scenario.ts';
import { batchMessage, hexId, side } from './span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';

const wildSpan = fc.record({
  id: fc.integer({ min: 1, max: 60 }),
  agentId: fc.integer({ min: 1, max: 2 }),
  processId: fc.integer({ min: 1, max: 3 }),
  contextId: fc.integer({ min: 1, max: 2 }),
  observationPoint: fc.constantFrom('c-p', 'c-p', 's-p', 's-p', 'c', 's', 'c-nd', 'app', 's-app', 'nowhere'),
  transport: fc.constantFrom('tcp' as const, 'udp' as const, 'unix' as const),
  fromMs: fc.integer({ min: 0, max: 200 }),
  lengthMs: fc.integer({ min: 0, max: 100 }),
  isAnswered: fc.boolean(),
  requestSequence: fc.integer({ min: 0, max: 4 }),
  responseSequence: fc.integer({ min: 0, max: 3 }),
  port: fc.integer({ min: 1, max: 3 }),
  headerTraceId: fc.constantFrom('', '', 'a'.repeat(32), '00f067aa0ba902b7', 'sw8-like.1'),
  headerSpanId: fc.integer({ min: 0, max: 20 }),
  requestId: fc.constantFrom('', '', 'r1', 'r2'),
  statedParent: fc.integer({ min: 1, max: 60 }),
  causes: fc.array(
    fc.record({
      kind: fc.constantFrom('request' as const, 'response' as const),
      id: fc.integer({ min: 1, max: 60 }),
      rule: fc.constantFrom('last_read' as const, 'queue' as const),
      learned: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
});

function tame(wild: typeof wildSpan extends fc.Arbitrary<infer Value> ? Value : never): Span {
  const causes = wild.causes.map(({ id, ...cause }): Cause => ({
    ...cause,
    spanId: hexId(id),
    confidence: cause.learned ? 0.999 : 0.5,
  }));
  const { fromMs, lengthMs, isAnswered } = wild;
  return aSpan({
    spanId: hexId(wild.id),
    parentSpanId: wild.observationPoint.endsWith('app') ? hexId(wild.statedParent) : '',
    agentId: wild.agentId,
    processId: wild.processId,
    requestContextId: wild.contextId,
    responseContextId: isAnswered ? wild.contextId : 0,
    observationPoint: wild.observationPoint,
    transport: wild.transport,
    ...lasting(fromMs, fromMs + lengthMs),
    ...events(1000 + fromMs * 100 + wild.id, isAnswered ? 1001 + (fromMs + lengthMs) * 100 + wild.id : 0),
    requestTcpSequence: wild.requestSequence,
    responseTcpSequence: wild.responseSequence,
    client: side(1, wild.port),
    headerTraceId: wild.headerTraceId,
    headerSpanId: wild.headerSpanId === 0 ? '' : hexId(wild.headerSpanId),
    xRequestIdRequest: wild.requestId,
    causes,
  });
}

/** Messages of spans, for {@link wildBatches}. */
export const wildMessages = fc.array(
  fc.record({
    agentId: fc.integer({ min: 1, max: 2 }),
    stepMs: fc.constantFrom(0, 0, 1, 1_000, 4_000, 20_000, 100_000),
    spans: fc.array(wildSpan, { maxLength: 15 }),
  }),
  { maxLength: 12 },
);

/** One case of {@link wildMessages}. */
export type Wild = typeof wildMessages extends fc.Arbitrary<infer Value> ? Value : never;

/** The messages themselves. */
export function wildBatches(wild: Wild): ReceivedMessage[] {
  let atMs = 0;
  return wild.map(({ agentId, stepMs, spans }, offset) => {
    atMs += stepMs;
    const ofAgent = spans.map((span) => ({ ...tame(span), agentId }));
    return batchMessage(offset, atMs, ofAgent, { agentId });
  });
}
