import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePlain,
  decodeSpans,
  type PlainKeyValue,
  type PlainSpan,
  type ReceivedSpan,
} from '../../opentelemetry/testing/otlp-messages.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { aSide, epochNs } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { arbitraryReportedTrace, reportedBytes, reportedSpan, textAttribute } from '../testing/reported-spans.ts';
import { gatewayResource, orderSpan, resourceMessage, traceMessage } from '../testing/traces.ts';
import { PublishedNames } from './published-names.ts';
import { OtlpStage } from './stage.ts';

const newStage = (names = new PublishedNames(), maxMessageBytes = 900_000): OtlpStage =>
  new OtlpStage({ topic: 'otlp_spans', maxMessageBytes, networkSpans: true }, names);

function messagesOf(spans: readonly Span[], stage = newStage()): readonly Uint8Array[] {
  return stage.process(traceMessage(aTrace(spans), 0), 0).map(({ value }) => value);
}
const sent = (spans: readonly Span[], stage = newStage()): readonly ReceivedSpan[] =>
  decodeSpans(messagesOf(spans, stage));

const evidence = new Set([
  'spanloom.observation_point',
  'spanloom.reason',
  'spanloom.confidence',
  'spanloom.revision',
  'spanloom.trace_id',
  'spanloom.header.trace_id',
]);
const withoutEvidence = (attributes: readonly PlainKeyValue[]): readonly PlainKeyValue[] =>
  attributes.filter(({ key }) => !evidence.has(key));
/** What the application alone decides. */
function own(span: PlainSpan): unknown {
  return { ...span, traceId: '', parentSpanId: '', attributes: withoutEvidence(span.attributes) };
}

describe('a span that an application reported', () => {
  it('is given back as it was, but for its trace and its parent', () => {
    fc.assert(
      fc.property(arbitraryReportedTrace(), ({ trace }) => {
        const outputs = newStage().process(traceMessage(trace, 0), 0);
        const groups = outputs.flatMap(({ value }) => decodePlain(value).resourceSpans);
        const received = new Map(
          groups.flatMap((group) =>
            group.scopeSpans.flatMap((scope) =>
              scope.spans.map((span) => [Buffer.from(span.spanId).toString('hex'), { group, scope, span }] as const),
            ),
          ),
        );
        expect(received.size).toBe(trace.spans.length);
        for (const { spanId, parentSpanId, otlp } of trace.spans) {
          const { group, scope, span } = received.get(spanId)!;
          expect(Buffer.from(span.traceId).toString('hex')).toBe(trace.carriedTraceId || trace.traceId);
          expect(Buffer.from(span.parentSpanId).toString('hex')).toBe(parentSpanId);
          if (otlp.length === 0) continue;
          const [reported] = decodePlain(Buffer.concat([Buffer.of(0x0a, ...varint(otlp.length)), otlp])).resourceSpans;
          const [reportedScope] = reported!.scopeSpans;
          expect(own(span)).toEqual(own(reportedScope!.spans[0]!));
          expect({ ...scope, spans: [] }).toEqual({ ...reportedScope, spans: [] });
          expect(group.schemaUrl).toBe(reported!.schemaUrl);
          const known = reported!.resource!.attributes;
          expect(group.resource!.attributes.slice(0, known.length)).toEqual(known);
          const names = group.resource!.attributes.map(({ key }) => key);
          expect(new Set(names).size).toBe(names.length);
        }
      }),
    );
  });

  it('has our evidence, and the trace id of its application where the trace goes by another', () => {
    const [root, child] = sent([
      reportedSpan({ spanId: '00000000000000a1' }, { traceId: '00'.repeat(15) + 'aa' }),
      reportedSpan(
        { spanId: '00000000000000a2', parentSpanId: '00000000000000a1', reason: 'enclosing', confidence: 0.5 },
        { span: { name: 'pick', attributes: [textAttribute('spanloom.reason', 'stale'), textAttribute('own', 'x')] } },
      ),
    ]);
    expect(root!.attributes).toEqual({
      'spanloom.observation_point': 'app',
      'spanloom.reason': 'root',
      'spanloom.revision': '2',
      'spanloom.trace_id': '000000000000000000000000000000aa',
    });
    expect(child).toMatchObject({ name: 'pick', parentSpanId: '00000000000000a1' });
    expect(child!.attributes).toEqual({
      own: 'x',
      'spanloom.observation_point': 'app',
      'spanloom.reason': 'enclosing',
      'spanloom.confidence': 0.5,
      'spanloom.revision': '2',
      'spanloom.trace_id': '000000000000000000000000000000aa',
      'spanloom.header.trace_id': 'c0'.repeat(16),
    });
  });

  it('gets attributes of its resource that it lacks, and keeps those that it has', () => {
    const names = new PublishedNames();
    names.learn(resourceMessage(gatewayResource({ kind: 'pod', id: 5, uid: 'p-5', name: 'cart-1' }), 0));
    names.learn(resourceMessage(gatewayResource({ kind: 'node', id: 6, name: 'node-1' }), 1));
    const resource = {
      attributes: [textAttribute('service.name', 'cart'), textAttribute('k8s.pod.name', 'by itself')],
    };
    const facts = { processId: 0, processName: '', server: aSide({ podId: 5, nodeId: 6 }) };
    const [span] = sent([reportedSpan(facts, { resource })], newStage(names));
    expect(span!.resource).toEqual({
      'service.name': 'cart',
      'k8s.pod.name': 'by itself',
      'k8s.pod.uid': 'p-5',
      'k8s.node.name': 'node-1',
      'spanloom.agent.id': '77',
    });
  });

  it('stands with those of its resource and scope, also over several messages', () => {
    const id = (index: number): string => (index + 1).toString(16).padStart(16, '0');
    const spans = Array.from({ length: 60 }, (_, index) =>
      index % 5 === 4
        ? orderSpan({ spanId: id(index) })
        : reportedSpan({ spanId: id(index) }, { scope: { name: `scope-${index % 2}` } }),
    );
    const shape = (bytes: Uint8Array): unknown =>
      decodePlain(bytes).resourceSpans.map(({ scopeSpans }) =>
        scopeSpans.map(({ scope, spans: ofScope }) => [scope!.name, ofScope.length]),
      );
    expect(messagesOf(spans).map(shape)).toEqual([
      [
        [
          ['scope-0', 24],
          ['scope-1', 24],
        ],
        [['spanloom', 12]],
      ],
    ]);
    for (const maxBytes of [10, 500, 1_000, 4_000]) {
      const messages = messagesOf(spans, newStage(new PublishedNames(), maxBytes));
      expect(messages.length).toBeGreaterThan(1);
      const received = decodeSpans(messages);
      expect(received.map(({ spanId }) => spanId).sort()).toEqual(spans.map(({ spanId }) => spanId).sort());
      for (const message of messages)
        expect(message.length <= maxBytes + 8 || decodeSpans([message]).length === 1).toBe(true);
    }
  });

  it('whose bytes are no OTLP is written from its other fields, and counted', () => {
    // A list in a list, and so on: each takes two messages.
    const nested = (depth: number): Buffer =>
      depth === 0 ? Buffer.from('\n\x01x') : field(0x2a, field(0x0a, nested(depth - 1)));
    const deep = (depth: number): Buffer => {
      const attribute = field(0x4a, Buffer.concat([Buffer.from('\n\x04deep'), field(0x12, nested(depth))]));
      return field(0x12, field(0x12, attribute));
    };
    const good = reportedBytes('00000000000000a1', { span: { name: 'is good' } });
    const noText = Buffer.from(good);
    noText[good.indexOf('is good')] = 0xff;
    const scopeSpans = good.subarray(good.indexOf('shop-library') - 6);
    const wrong: Readonly<Record<string, Buffer>> = {
      'what is cut': good.subarray(0, -1),
      'a text that is no UTF-8': noText,
      'two spans': Buffer.concat([good, scopeSpans]),
      'no span': Buffer.of(0x0a, 0),
      'another wire type': Buffer.of(0x08, 1),
      'too deep': deep(60),
    };
    expect(sent([{ ...reportedSpan({}), otlp: deep(40) }])[0]!.attributes).toHaveProperty('deep');
    for (const [what, otlp] of Object.entries(wrong)) {
      const stage = newStage();
      const spans = sent([{ ...reportedSpan({ startTimeNs: epochNs }), otlp }], stage);
      expect(spans, what).toMatchObject([
        { scope: 'spanloom', name: 'place order', kind: 'SPAN_KIND_INTERNAL', startTimeUnixNano: String(epochNs) },
      ]);
      expect(stage.unreadable, what).toBe(1);
      expect(stage.accounting()).toMatchObject({ received: 1, emitted: 1 });
    }
  });

  it('with any byte changed makes a message that can be read', () => {
    const { otlp } = reportedSpan({}, { span: { events: [{ name: 'e' }], attributes: [textAttribute('own', 'x')] } });
    fc.assert(
      fc.property(fc.nat({ max: otlp.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed = Buffer.from(otlp);
        changed[at] = byte;
        const [message] = messagesOf([{ ...reportedSpan({}), otlp: changed }]);
        expect(decodePlain(message!).resourceSpans).toHaveLength(1);
      }),
    );
  });
});

function field(tag: number, content: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(tag, ...varint(content.length)), content]);
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
