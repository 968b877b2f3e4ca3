import { expect, test } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { ProtobufError } from '../../opentelemetry/protobuf-reader.ts';
import { requestFacts } from '../../opentelemetry/reported-attributes.ts';
import { countReportedSpans, ReportedSpanReader } from '../../opentelemetry/reported-span.ts';
import { createEnricher } from '../stage.ts';
import { eventMessage } from '../testing/event-message.ts';
import { lineDissector } from '../testing/line-protocol.ts';
import { testConfig } from '../testing/run-agent.ts';
import { otlpType } from '../../opentelemetry/testing/otlp-messages.ts';

/** The reader of reported spans against protobufjs, on messages that are generated, and on what damage makes of them. */

const resourceSpans = otlpType('ResourceSpans');
const reader = new ReportedSpanReader();

const keys = ['http.request.method', 'url.path', 'url.query', 'k8s.pod.uid', 'exception.type', 'other', ''] as const;

interface PlainSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly status: { readonly code: number; readonly message: string };
}

const text = (random: Random): string =>
  Array.from({ length: random.below(random.pick([2, 20, 400])) }, () =>
    random.pick(['a', 'é', '\u{1f600}', '\0']),
  ).join('');

function value(random: Random): object {
  return random.pick<() => object>([
    () => ({ stringValue: text(random) }),
    () => ({ intValue: String(BigInt.asIntN(64, BigInt(`0x${random.bytes(8).toString('hex')}`))) }),
    () => ({ boolValue: random.oneIn(2) }),
    () => ({ doubleValue: random.next() }),
    () => ({ arrayValue: { values: [{ stringValue: text(random) }] } }),
    () => ({}),
  ])();
}

const attributes = (random: Random): PlainSpan['attributes'] =>
  random
    .shuffled(keys)
    .slice(random.below(keys.length))
    .map((key) => ({ key, value: value(random) }));

function aPlainSpan(random: Random): PlainSpan {
  return {
    traceId: random.bytes(16),
    spanId: random.bytes(8),
    parentSpanId: random.bytes(random.pick([0, 8])),
    name: text(random),
    kind: random.below(6),
    startTimeUnixNano: String(BigInt(`0x${random.bytes(8).toString('hex')}`)),
    endTimeUnixNano: String(BigInt(`0x${random.bytes(8).toString('hex')}`)),
    attributes: attributes(random),
    status: { code: random.below(3), message: random.oneIn(2) ? text(random) : '' },
  };
}

function aMessage(random: Random): { readonly spans: readonly PlainSpan[]; readonly bytes: Buffer } {
  const scopes = Array.from({ length: random.below(3) }, () => ({
    scope: { name: text(random) },
    spans: Array.from({ length: random.below(4) }, () => aPlainSpan(random)),
    schemaUrl: text(random),
  }));
  const message = { resource: { attributes: attributes(random) }, scopeSpans: scopes, schemaUrl: text(random) };
  const bytes = Buffer.from(resourceSpans.encode(resourceSpans.fromObject(message)).finish());
  return { spans: scopes.flatMap(({ spans }) => spans), bytes };
}

/** The message with each of its spans alone, as protobufjs reads it. */
function eachAlone(bytes: Buffer): readonly object[] {
  const whole = resourceSpans.toObject(resourceSpans.decode(bytes), { arrays: true });
  return (whole['scopeSpans'] as { readonly spans: readonly object[] }[]).flatMap((scope) =>
    scope.spans.map((span) => {
      const only = resourceSpans.fromObject({ ...whole, scopeSpans: [{ ...scope, spans: [span] }] });
      return resourceSpans.toObject(resourceSpans.decode(resourceSpans.encode(only).finish()));
    }),
  );
}

const textOf = (span: PlainSpan, key: string): string => {
  const found = span.attributes.find((attribute) => attribute.key === key)?.value;
  return found !== undefined && 'stringValue' in found ? String(found.stringValue) : '';
};

test('reads what protobufjs wrote, and copies what protobufjs reads as that span alone', () => {
  for (let seed = 1; seed <= propertyRuns(2000); seed++) {
    const random = new Random(seed);
    const { spans, bytes } = aMessage(random);
    expect(countReportedSpans(bytes)).toBe(spans.length);
    const alone = eachAlone(bytes);
    let index = 0;
    reader.read(bytes, {
      take() {
        const span = spans[index++]!;
        expect(reader.spanId).toBe(span.spanId.toString('hex'));
        expect(reader.traceId).toBe(span.traceId.toString('hex'));
        expect(reader.parentSpanId).toBe(span.parentSpanId.toString('hex'));
        expect(reader.name(1e6)).toBe(span.name);
        expect([reader.kind, reader.statusCode]).toEqual([span.kind, span.status.code]);
        expect([reader.startTimeNs, reader.endTimeNs]).toEqual([
          BigInt(span.startTimeUnixNano),
          BigInt(span.endTimeUnixNano),
        ]);
        expect(reader.exception(1e6)).toBe(span.status.message);
        expect(reader.attributes.text('httpRequestMethod', 1e6)).toBe(textOf(span, 'http.request.method'));
        expect(reader.attributes.text('urlPath', 1e6)).toBe(textOf(span, 'url.path'));
        const copy = reader.copy();
        expect(copy).toHaveLength(reader.copiedBytes);
        expect(resourceSpans.toObject(resourceSpans.decode(copy))).toEqual(alone[index - 1]);
        expect(countReportedSpans(copy)).toBe(1);
      },
      refuse: () => expect.unreachable(),
    });
    expect(index).toBe(spans.length);
  }
});

/** A message of which some bytes are others, or that ends early; or bytes that never were one. */
function damagedBytes(random: Random): Buffer {
  const bytes = random.oneIn(10) ? random.bytes(random.below(200)) : aMessage(random).bytes;
  for (let change = random.below(6); change > 0 && bytes.length > 0; change--)
    bytes[random.below(bytes.length)] = random.below(256);
  return random.oneIn(3) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

test('takes any bytes: it ends with a ProtobufError, or each span is taken or refused', () => {
  let damaged = 0;
  for (let seed = 1; seed <= propertyRuns(20_000); seed++) {
    const random = new Random(seed);
    const cut = damagedBytes(random);
    let seen = 0;
    try {
      const count = countReportedSpans(cut);
      reader.read(cut, {
        take() {
          seen++;
          requestFacts(reader.attributes);
          expect(reader.exception(256).length).toBeLessThanOrEqual(256);
          expect(countReportedSpans(reader.copy())).toBe(1);
        },
        refuse: () => seen++,
      });
      expect(seen).toBe(count);
    } catch (error) {
      if (!(error instanceof ProtobufError)) throw error;
      damaged++;
      expect(seen).toBe(0);
    }
  }
  expect(damaged).toBeGreaterThan(0);
});

test('whatever comes as reported spans, the enricher goes on and accounts for each span', () => {
  const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
  const random = new Random(1);
  const batches = propertyRuns(5000);
  for (let offset = 0; offset < batches; offset++) {
    const reportedSpans = Array.from({ length: 1 + random.below(3) }, () => ({
      senderAddress: random.bytes(random.pick([0, 3, 4, 16])),
      resourceSpans: damagedBytes(random),
    }));
    const source = random.oneIn(20) ? 'sockets' : 'applications';
    const message = eventMessage({ source, reportedSpans }, { offset, timestampMs: 1_700_000_000_000 });
    expect(stage.process(message, 0).length).toBeGreaterThan(0);
    expect(imbalance(stage.accounting())).toBe(0);
  }
  stage.drain();
  const { buffered, emitted, dropped, rejected } = stage.accounting();
  expect(buffered).toBe(0);
  expect(emitted).toBeGreaterThan(0);
  expect(dropped['span_unreadable']).toBeGreaterThan(0);
  expect(dropped['span_out_of_range']).toBeGreaterThan(0);
  expect(rejected['undecodable']).toBeGreaterThan(0);
});
