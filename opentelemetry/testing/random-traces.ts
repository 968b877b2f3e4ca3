/** Requests as programs send them, and as they should not: what tests hold to another library. */
import { otlpType, tracesData } from './otlp-messages.ts';

/** A source of chance: core/testing/random.ts. */
export interface Chance {
  below(bound: number): number;
  bytes(length: number): Buffer;
  oneIn(times: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
}

const times = ['0', '1', '1790000000000000000', '1790000000000000123', '1790000000500000000', '18446744073709551615'];
const names = ['', 'a', 'GET /api', 'naïve', '漢字', 'a'.repeat(200)];

function anyValue(chance: Chance, depth: number): object {
  switch (chance.below(depth > 2 ? 6 : 8)) {
    case 0:
      return { stringValue: chance.pick(names) };
    case 1:
      return { boolValue: chance.oneIn(2) };
    case 2:
      return { intValue: chance.pick(['-1', '0', '9223372036854775807', '300']) };
    case 3:
      return { doubleValue: chance.pick([0, -1.5, 1e300]) };
    case 4:
      return { bytesValue: chance.bytes(chance.below(20)) };
    case 5:
      return {};
    case 6:
      return { arrayValue: { values: list(chance, 3, () => anyValue(chance, depth + 1)) } };
    default:
      return { kvlistValue: { values: attributes(chance, 3, depth + 1) } };
  }
}

const list = <Item>(chance: Chance, below: number, make: () => Item): readonly Item[] =>
  Array.from({ length: chance.below(below) }, make);

const attributes = (chance: Chance, below: number, depth = 0): readonly object[] =>
  list(chance, below, () => ({ key: chance.pick(names), value: anyValue(chance, depth) }));

const idOf = (chance: Chance, bytes: number): Buffer =>
  chance.oneIn(30)
    ? chance.pick([Buffer.alloc(bytes), Buffer.alloc(0), chance.bytes(bytes - 1), chance.bytes(bytes + 1)])
    : chance.bytes(bytes);

function span(chance: Chance): object {
  const spanId = idOf(chance, 8);
  const startTimeUnixNano = chance.oneIn(20) ? chance.pick(times) : times[2];
  return {
    traceId: idOf(chance, 16),
    spanId,
    parentSpanId: chance.pick([
      Buffer.alloc(0),
      Buffer.alloc(0),
      idOf(chance, 8),
      chance.oneIn(10) ? spanId : idOf(chance, 8),
    ]),
    traceState: chance.pick(['', 'a=b']),
    flags: chance.below(3),
    name: chance.pick(names),
    kind: chance.below(7),
    startTimeUnixNano,
    endTimeUnixNano: chance.oneIn(20) ? chance.pick(times) : chance.pick(times.slice(2, 5)),
    attributes: attributes(chance, 5),
    droppedAttributesCount: chance.below(2),
    events: list(chance, 3, () => ({
      timeUnixNano: times[2],
      name: chance.pick(names),
      attributes: attributes(chance, 3),
    })),
    links: list(chance, 2, () => ({
      traceId: chance.bytes(16),
      spanId: idOf(chance, 8),
      attributes: attributes(chance, 2),
    })),
    status: chance.pick([undefined, {}, { code: 2, message: chance.pick(names) }]),
  };
}

/** The object of a request, as protobufjs takes it. */
export function randomRequest(chance: Chance): object {
  return {
    resourceSpans: list(chance, 3, () => ({
      resource: chance.pick([undefined, { attributes: attributes(chance, 4) }]),
      schemaUrl: chance.pick(['', 'https://opentelemetry.io/schemas/1.40.0']),
      scopeSpans: list(chance, 3, () => ({
        scope: chance.pick([undefined, { name: 'spanloom' }, { name: 'lib', attributes: attributes(chance, 2) }]),
        spans: list(chance, 4, () => span(chance)),
      })),
    })),
  };
}

/** A request in protobuf; every other one has some bytes that were changed, left out or put in. */
export function randomRequestBytes(chance: Chance): Buffer {
  const bytes = Buffer.from(tracesData.encode(tracesData.fromObject(randomRequest(chance))).finish());
  if (bytes.length === 0 || chance.oneIn(2)) return bytes;
  const at = chance.below(bytes.length);
  switch (chance.below(4)) {
    case 0:
      bytes[at] = chance.below(256);
      return bytes;
    case 1:
      bytes[at]! ^= 1 << chance.below(8);
      return bytes;
    case 2:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + chance.below(4))]);
    default:
      return Buffer.concat([bytes.subarray(0, at), chance.bytes(1 + chance.below(4)), bytes.subarray(at)]);
  }
}

/** Bytes of one ResourceSpans as the object that protobufjs reads of them. */
export function resourceSpansOf(bytes: Uint8Array): Record<string, unknown> {
  const type = otlpType('ResourceSpans');
  return type.toObject(type.decode(bytes), { longs: String, bytes: String });
}
