import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { schemas } from './generated/schemas.ts';
import { aSide, aSpan } from './testing/a-span.ts';
import { aTrace } from './testing/a-trace.ts';
import { addressBytes, addressText, traceFromJson, traceToJson } from './trace-json.ts';

const server = aSide({
  hostId: 1,
  processResourceId: 2,
  autoInstanceId: 2,
  autoInstanceType: 13,
  autoServiceId: 2,
  autoServiceType: 13,
  resolution: 1,
});
const span = aSpan({
  confidence: 0.25,
  observationPoint: 's-p',
  startTimeNs: 1_760_000_000_000_000_001n,
  durationNs: 5,
  requestDomain: 'a"b',
  requestResource: '/é',
  xRequestIdRequest: 'x',
  causes: [{ kind: 'request', spanId: '00000000000000b1', rule: 'queue', confidence: 0.5, learned: true }],
  client: aSide({ address: new Uint8Array(0) }),
  server,
});
const trace = aTrace([span]);

describe('traces as JSON', () => {
  it('have the names of the schema in its order, whatever the order of the record', () => {
    const json = traceToJson(trace);
    const names = (JSON.parse(schemas.Trace.text) as { fields: { name: string }[] }).fields.map((field) => field.name);
    expect(Object.keys(json)).toEqual(names);
    const [first] = json['spans'] as readonly Readonly<Record<string, unknown>>[];
    expect(Object.keys(first!).slice(0, 5)).toEqual([
      'parent_span_id',
      'reason',
      'confidence',
      'likely_parents',
      'nat',
    ]);
    expect(JSON.stringify(traceToJson({ ...trace }))).toBe(JSON.stringify(json));
  });

  it('keep every digit of time and write addresses as text', () => {
    const [first] = traceToJson(trace)['spans'] as readonly Readonly<Record<string, unknown>>[];
    expect(first).toMatchObject({
      start_time_ns: '1760000000000000001',
      duration_ns: 5,
      x_request_id_request: 'x',
      causes: [{ kind: 'request', span_id: '00000000000000b1', rule: 'queue', confidence: 0.5, learned: true }],
      client: { address: '' },
      server: { address: '10.0.0.1', process_resource_id: 2 },
    });
  });

  it('carry names for people behind the record, where they are given', () => {
    const json = traceToJson(trace, () => ({ serviceName: 'shop' }));
    const [first] = json['spans'] as readonly Readonly<Record<string, unknown>>[];
    expect(Object.keys(first!).at(-1)).toBe('service_name');
    expect(first!['service_name']).toBe('shop');
  });

  it('can be read back', () => {
    const text = JSON.stringify(traceToJson(trace, () => ({ serviceName: 'shop' })));
    expect(traceFromJson(JSON.parse(text))).toEqual(trace);
  });

  it('that lack something are refused by its name', () => {
    const { revision, ...rest } = traceToJson(trace);
    expect(revision).toBe(1);
    expect(() => traceFromJson(rest)).toThrow('trace.revision is missing');
    expect(() => traceFromJson({ ...rest, revision, start_time_ns: 5 })).toThrow('trace.start_time_ns');
    expect(() => traceFromJson(null)).toThrow(TypeError);
  });
});

describe('addresses', () => {
  const v6 = (hex: string): Uint8Array => Buffer.from(hex.padStart(32, '0'), 'hex');

  it('are written as people do (RFC 5952)', () => {
    expect(addressText(Uint8Array.of(127, 0, 0, 1))).toBe('127.0.0.1');
    expect(addressText(v6('1'))).toBe('::1');
    expect(addressText(v6('ffff7f000001'))).toBe('127.0.0.1');
    expect(addressText(v6('20010db8000000000001000000000001'))).toBe('2001:db8::1:0:0:1');
    expect(addressText(v6('20010db8000000010001000100010001'))).toBe('2001:db8:0:1:1:1:1:1');
    expect(addressText(v6('fe800000000000000000000000000000'))).toBe('fe80::');
    expect(addressText(v6('0'))).toBe('');
    expect(addressText(new Uint8Array(0))).toBe('');
    expect(addressText(new Uint8Array(5))).toBe('');
    for (const path of ['/run/php/fpm.sock', '/a/', '/tmp/spanloom-1', '@spanloom', './fpm.sock', '/\u00e9']) {
      const bytes = addressBytes(path);
      expect([4, 16]).not.toContain(bytes.length);
      expect(addressText(bytes)).toBe(path);
    }
  });

  it('are read back, for any bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((all) => Uint8Array.from(all)),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    );
    fc.assert(
      fc.property(bytes, (address) => {
        const text = addressText(address);
        expect(addressText(addressBytes(text))).toBe(text);
      }),
    );
    for (const wrong of ['x', '1.2.3', '1.2.3.256', '1:2', '1::2::3', ':::', '12345::'])
      expect(() => addressBytes(wrong)).toThrow(TypeError);
  });
});
