import { describe, expect, it } from 'vitest';
import type { TimeBounds } from './check-span.ts';
import { type CheckedTraces, TraceCheck } from './check-traces.ts';
import { ProtobufError } from './protobuf-reader.ts';
import { decodePlain, tracesData } from './testing/otlp-messages.ts';

const nowNs = 1_790_000_000_000_000_000n;
const bounds: TimeBounds = { earliestNs: Number(nowNs) - 3.6e12, latestNs: Number(nowNs) + 3.6e12 };

const aSpan = (given: object = {}): object => ({
  traceId: Buffer.alloc(16, 1),
  spanId: Buffer.alloc(8, 2),
  name: 'GET /',
  startTimeUnixNano: String(nowNs),
  endTimeUnixNano: String(nowNs + 5n),
  ...given,
});
const cart = { attributes: [{ key: 'service.name', value: { stringValue: 'cart' } }] };
const encode = (message: object): Buffer => Buffer.from(tracesData.encode(tracesData.fromObject(message)).finish());
const request = (...spans: readonly object[]): Buffer =>
  encode({ resourceSpans: [{ resource: cart, scopeSpans: [{ scope: { name: 'lib' }, spans }] }] });
const check = (bytes: Buffer): CheckedTraces => new TraceCheck().check(bytes, bounds);
/** What is accepted, as one message by protobufjs. */
const acceptedOf = ({ resourceSpans }: CheckedTraces): unknown =>
  resourceSpans.flatMap(
    ({ bytes }) => decodePlain(Buffer.concat([Buffer.from([0x0a]), varint(bytes.length), bytes])).resourceSpans,
  );
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

describe('a request whose spans are in order', () => {
  it('is taken as it is, without a copy', () => {
    const bytes = request(
      aSpan(),
      aSpan({ parentSpanId: Buffer.alloc(8, 9) }),
      aSpan({ parentSpanId: Buffer.alloc(8) }),
    );
    const checked = check(bytes);
    expect(checked).toMatchObject({ accepted: 3, own: 0, problems: [] });
    expect(checked.resourceSpans).toHaveLength(1);
    expect(checked.resourceSpans[0]!.bytes.buffer).toBe(bytes.buffer);
    expect(acceptedOf(checked)).toEqual(decodePlain(bytes).resourceSpans);
  });

  it('may be empty', () => {
    expect(check(Buffer.alloc(0))).toMatchObject({ resourceSpans: [], accepted: 0 });
    expect(check(request())).toMatchObject({ resourceSpans: [], accepted: 0 });
  });
});

const tenMegabytes = 'a'.repeat(10_000_000);
const manyAttributes = Array.from({ length: 10_000 }, (_, index) => ({ key: `k${index}`, value: { intValue: 1 } }));
let nested: object = { stringValue: 'deep' };
for (let depth = 0; depth < 17; depth++) nested = { arrayValue: { values: [nested] } };

describe('a span is refused, and those beside it are not,', () => {
  it.each<[string, object, string, string]>([
    ['with a short trace id', { traceId: Buffer.alloc(15, 1) }, 'bad_id', 'has a trace id of 15 bytes, not 16'],
    ['without a trace id', { traceId: Buffer.alloc(0) }, 'bad_id', 'has a trace id of 0 bytes, not 16'],
    ['with a trace id of zeros', { traceId: Buffer.alloc(16) }, 'bad_id', 'has a trace id of zeros'],
    ['with a long span id', { spanId: Buffer.alloc(16, 1) }, 'bad_id', 'has a span id of 16 bytes, not 8'],
    ['with a span id of zeros', { spanId: Buffer.alloc(8) }, 'bad_id', 'has a span id of zeros'],
    ['with a long parent', { parentSpanId: Buffer.alloc(9, 1) }, 'bad_id', 'has a parent span id of 9 bytes, not 8'],
    ['that is its own parent', { parentSpanId: Buffer.alloc(8, 2) }, 'bad_id', 'is its own parent'],
    ['with a link to nothing', { links: [{ spanId: Buffer.alloc(8, 1) }] }, 'bad_id', 'has a link without'],
    ['that ends before it starts', { endTimeUnixNano: String(nowNs - 1n) }, 'bad_time', 'ends before it starts'],
    ['of 1970', { startTimeUnixNano: '0', endTimeUnixNano: '1' }, 'bad_time', 'too long ago, at 1970-01-01T'],
    [
      'of 2262',
      { startTimeUnixNano: '9223372036854775807', endTimeUnixNano: '9223372036854775807' },
      'bad_time',
      'starts in the future, at 2262-04-11T',
    ],
    [
      'of 2554',
      { startTimeUnixNano: '18446744073709551615', endTimeUnixNano: '18446744073709551615' },
      'bad_time',
      'starts in the future, at 2554-07-21T',
    ],
    ['without times', { startTimeUnixNano: '0', endTimeUnixNano: '0' }, 'bad_time', 'too long ago'],
    ['that has not ended', { endTimeUnixNano: '0' }, 'bad_time', 'ends before it starts'],
    ['of 200 days', { endTimeUnixNano: String(nowNs + 2n ** 54n) }, 'bad_time', 'lasts for more than 104 days'],
    ['that ends tomorrow', { endTimeUnixNano: String(nowNs + 86_400n * 10n ** 9n) }, 'bad_time', 'ends in the future'],
    [
      'with an attribute of 10 MB',
      { attributes: [{ key: 'a', value: { stringValue: tenMegabytes } }] },
      'too_large',
      'has more than 262144 bytes',
    ],
    ['with 10,000 attributes', { attributes: manyAttributes }, 'too_large', 'has more than 1000 attributes'],
    ['with 10,000 events', { events: manyAttributes.map(() => ({})) }, 'too_large', 'has more than 1000 events'],
    ['with 10,000 attributes of an event', { events: [{ attributes: manyAttributes }] }, 'too_large', 'in one part'],
    [
      'with arrays in arrays',
      { attributes: [{ key: 'a', value: nested }] },
      'too_large',
      'nested deeper than 16 times',
    ],
  ])('%s', (_, given, refusal, text) => {
    const checked = check(request(aSpan({ name: 'first' }), aSpan(given), aSpan({ name: 'last' })));
    expect(checked).toMatchObject({ accepted: 2, own: 0, refused: { [refusal]: 1 } });
    expect(checked.problems).toEqual([expect.stringMatching(/^span 1 /)]);
    expect(checked.problems[0]).toContain(text);
    expect(acceptedOf(checked)).toEqual(
      decodePlain(request(aSpan({ name: 'first' }), aSpan({ name: 'last' }))).resourceSpans,
    );
  });

  it('with a name that is not UTF-8', () => {
    const bytes = request(aSpan({ name: 'abcdef' }), aSpan());
    bytes[bytes.indexOf('abcdef') + 2] = 0xff;
    expect(check(bytes)).toMatchObject({ accepted: 1, refused: { bad_text: 1 } });
    expect(check(request(aSpan({ name: 'naïve 漢字' })))).toMatchObject({ accepted: 1 });
  });

  it('with a resource, scope or schema URL that is too large, with all that share it', () => {
    const attributes = [{ key: 'a', value: { stringValue: 'a'.repeat(70_000) } }];
    const spans = [aSpan(), aSpan()];
    for (const resourceSpans of [
      { resource: { attributes }, scopeSpans: [{ spans }] },
      { schemaUrl: 'a'.repeat(70_000), scopeSpans: [{ spans }] },
      { scopeSpans: [{ scope: { attributes }, spans }] },
      { resource: { attributes: manyAttributes.slice(0, 1001) }, scopeSpans: [{ spans }] },
    ]) {
      const checked = check(encode({ resourceSpans: [resourceSpans, { scopeSpans: [{ spans: [aSpan()] }] }] }));
      expect(checked).toMatchObject({ accepted: 1, refused: { too_large: 2 } });
      expect(checked.problems[0]).toMatch(/^span 0 is refused since its (resource|scope) has more than/);
    }
  });

  it('and its problem is told once, at most five of them', () => {
    const spans = Array.from({ length: 50 }, (_, index) => aSpan({ traceId: Buffer.alloc(index % 10, 1) }));
    const { problems, refused } = check(request(...spans));
    expect(refused.bad_id).toBe(50);
    expect(problems).toHaveLength(5);
    expect(new Set(problems).size).toBe(5);
  });
});

describe('what is left of a request', () => {
  it('is without what spanloom wrote itself', () => {
    const scopeSpans = [
      { scope: { name: 'spanloom' }, spans: [aSpan(), aSpan()] },
      { scope: { name: 'spanloom.other' }, spans: [aSpan({ name: 'kept' })] },
    ];
    const checked = check(encode({ resourceSpans: [{ resource: cart, scopeSpans }] }));
    expect(checked).toMatchObject({ accepted: 1, own: 2, problems: [] });
    expect(acceptedOf(checked)).toEqual(
      decodePlain(encode({ resourceSpans: [{ resource: cart, scopeSpans: scopeSpans.slice(1) }] })).resourceSpans,
    );
  });

  it('keeps fields that are not known here, of the resource, the scope and the span', () => {
    // Field 1000 as a text.
    const unknown = Buffer.from([0xc2, 0x3e, 0x03, 0x6e, 0x65, 0x77]);
    const message = (tag: number, ...parts: readonly Buffer[]): Buffer => {
      const content = Buffer.concat([...parts, unknown]);
      return Buffer.concat([Buffer.from([tag]), varint(content.length), content]);
    };
    const spanBytes = (given: object): Buffer => {
      const type = tracesData.lookupType('Span');
      return Buffer.from(type.encode(type.fromObject(aSpan(given))).finish());
    };
    const spans = [message(0x12, spanBytes({})), message(0x12, spanBytes({ traceId: Buffer.alloc(0) }))];
    const of = (list: readonly Buffer[]): Buffer => message(0x0a, message(0x0a), message(0x12, message(0x0a), ...list));
    const [left] = check(of(spans)).resourceSpans;
    const whole = of(spans.slice(0, 1));
    // The writer puts what is shared first.
    expect(left!.bytes.length).toBe(whole.length - 2 - unknown.length + unknown.length);
    expect(left!.bytes.toString('latin1').split('new')).toHaveLength(6);
  });

  it('comes in pieces of at most 512 KiB that have all spans, each with its resource and scope', () => {
    const text = 'a'.repeat(3_000);
    const spans = Array.from({ length: 400 }, (_, index) =>
      aSpan({ name: `span ${index}`, attributes: [{ key: 'a', value: { stringValue: text } }] }),
    );
    const scopeSpans = [
      { scope: { name: 'one' }, spans: spans.slice(0, 150) },
      { scope: { name: 'none' }, spans: [] },
      { scope: { name: 'two' }, spans: spans.slice(150) },
    ];
    const checked = check(encode({ resourceSpans: [{ resource: cart, scopeSpans, schemaUrl: 'http://x' }] }));
    expect(checked.resourceSpans.map(({ spans: count }) => count)).toEqual([170, 170, 60]);
    const pieces = acceptedOf(checked) as ReturnType<typeof decodePlain>['resourceSpans'];
    for (const { bytes } of checked.resourceSpans) expect(bytes.length).toBeLessThanOrEqual(512 * 1024);
    for (const { resource } of pieces) expect(resource!.attributes).toHaveLength(1);
    const names = pieces.flatMap((piece) =>
      piece.scopeSpans.flatMap(({ scope, spans: some }) => some.map(({ name }) => `${scope!.name} ${name}`)),
    );
    expect(names).toEqual(spans.map((_, index) => `${index < 150 ? 'one' : 'two'} span ${index}`));
  });
});

it('a scope without spans whose name is not UTF-8 is left out', () => {
  const scopeSpans = [{ spans: [aSpan()] }, { scope: { name: 'abcdef' } }];
  const bytes = encode({ resourceSpans: [{ scopeSpans }] });
  bytes[bytes.indexOf('abcdef') + 2] = 0xff;
  const checked = check(bytes);
  expect(checked.accepted).toBe(1);
  expect(acceptedOf(checked)).toEqual(
    decodePlain(encode({ resourceSpans: [{ scopeSpans: scopeSpans.slice(0, 1) }] })).resourceSpans,
  );
});

describe('bytes that are no request', () => {
  it.each([
    ['text', Buffer.from('{"resourceSpans":[]}')],
    ['a request that is cut', request(aSpan()).subarray(0, -3)],
    ['a group that does not end', Buffer.from([0x0b])],
    ['a field number of six bytes', Buffer.from([0x8a, 0x80, 0x80, 0x80, 0x80, 0x00, 0x00])],
    ['a field number of 33 bits', Buffer.from([0x8a, 0x80, 0x80, 0x80, 0x10, 0x00])],
    ['the field 0', Buffer.from([0x02, 0x00])],
  ])('are an error: %s', (_, bytes) => {
    expect(() => check(bytes)).toThrow(ProtobufError);
  });

  it('do not concern the next request', () => {
    const traceCheck = new TraceCheck();
    expect(() => traceCheck.check(request(aSpan()).subarray(0, -3), bounds)).toThrow(ProtobufError);
    expect(traceCheck.check(request(aSpan()), bounds)).toMatchObject({ accepted: 1 });
  });
});
