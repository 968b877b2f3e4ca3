/** Any trace, and any batch of flows, that the schema allows, for property tests. */
import fc from 'fast-check';
import type { FlowBatch } from '../../schemas/generated/flow-batch.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import type { Trace } from '../../schemas/generated/trace.ts';

type AvroType = string | { readonly type: AvroType; readonly [key: string]: unknown };
interface AvroField {
  readonly name: string;
  readonly type: AvroType;
  readonly js?: string;
}

/** Choices that the schema leaves open. */
export interface ArbitraryTraceOptions {
  /** Unix nanoseconds of starts; any by default. */
  readonly timeNs?: fc.Arbitrary<bigint>;
  /** All other longs but the revision and ids of tunnels; whole numbers from 0 to 2^53 by default. */
  readonly long?: fc.Arbitrary<number>;
  readonly maxSpans?: number;
}

const hexDigits = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: length, maxLength: length });
const spanId = hexDigits(16);
const numberLong = fc.oneof(fc.nat(), fc.maxSafeInteger());
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
  fc.string({ minLength: 60, maxLength: 200 }),
);

const byFieldName: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  trace_id: hexDigits(32),
  revision: numberLong,
  // Of a tunnel: those of an array are counted by reading them as numbers.
  id: numberLong,
  merged_into: fc.oneof({ weight: 9, arbitrary: fc.constant('') }, hexDigits(32)),
  carried_trace_id: fc.oneof(fc.constant(''), hexDigits(32)),
  root_span_id: fc.oneof(fc.constant(''), spanId),
  span_id: spanId,
  parent_span_id: fc.oneof(fc.constant(''), spanId),
  confidence: fc.double({ min: 0, max: 1, noNaN: true }),
  observation_point: fc.constantFrom('c-p', 's-p', 'c-nd', 'local', ''),
  otlp: fc.uint8Array({ maxLength: 200 }),
};

function arbitraryOf(
  type: AvroType,
  named: Map<string, fc.Arbitrary<unknown>>,
  options: ArbitraryTraceOptions,
): fc.Arbitrary<unknown> {
  if (typeof type !== 'string') {
    switch (type.type) {
      case 'array':
        return fc.array(arbitraryOf(type['items'] as AvroType, named, options), { maxLength: options.maxSpans ?? 4 });
      case 'enum':
      case 'record': {
        const arbitrary =
          type.type === 'enum'
            ? fc.constantFrom(...(type['symbols'] as readonly string[]))
            : recordOf(type['fields'] as readonly AvroField[], named, options);
        named.set(String(type['name']), arbitrary);
        named.set(`io.spanloom.${String(type['name'])}`, arbitrary);
        return arbitrary;
      }
      default:
        return arbitraryOf(type.type, named, options);
    }
  }
  switch (type) {
    case 'string':
      return text;
    case 'long':
      return options.long ?? numberLong;
    case 'int':
      return fc.integer();
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'bytes':
      return fc.constantFrom(0, 4, 16).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    default:
      return named.get(type)!;
  }
}

function recordOf(
  fields: readonly AvroField[],
  named: Map<string, fc.Arbitrary<unknown>>,
  options: ArbitraryTraceOptions,
): fc.Arbitrary<unknown> {
  const timeNs = options.timeNs ?? fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const properties = fields.map(({ name, type, js }): [string, fc.Arbitrary<unknown>] => {
    // Nested records are named even where a field of its own kind is chosen below.
    const bySchema = arbitraryOf(type, named, options);
    return [
      name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()),
      js === 'bigint' ? timeNs : (byFieldName[name] ?? bySchema),
    ];
  });
  return fc.record(Object.fromEntries(properties));
}

/** Traces with any values; parents and causes are mostly not in the trace. Only what applications report has bytes of OTLP. */
export function arbitraryTrace(options: ArbitraryTraceOptions = {}): fc.Arbitrary<Trace> {
  const schema = JSON.parse(schemas.Trace.text) as AvroType;
  const arbitrary = arbitraryOf(schema, new Map(), options) as fc.Arbitrary<Trace>;
  return arbitrary.map((trace) => ({
    ...trace,
    spans: trace.spans.map((span) => (span.signalSource === 'otel' ? span : { ...span, otlp: new Uint8Array(0) })),
  }));
}

/** Batches of flows with any values. */
export function arbitraryFlowBatch(options: ArbitraryTraceOptions = {}): fc.Arbitrary<FlowBatch> {
  const schema = JSON.parse(schemas.FlowBatch.text) as AvroType;
  return arbitraryOf(schema, new Map(), options) as fc.Arbitrary<FlowBatch>;
}
