import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { readSpan, type Side, type Span } from '../../schemas/generated/span.ts';
import { recordOf } from '../testing/records.ts';
import { callOf, Scenario } from '../testing/scenario.ts';
import { side } from '../testing/span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { exchangeSides, writeSpanBody } from './sides.ts';

const known = (host: number, port: number, podId: number): Side => ({
  ...side(host, port),
  address: Buffer.from(side(host, port).address),
  podId,
  serviceId: podId + 1,
  autoServiceId: podId + 1,
  autoServiceType: 12,
  resolution: 3,
});

/** The span as its bytes say that it is now. */
function rewritten(record: ReturnType<typeof recordOf>): Span {
  const writer = new AvroWriter(16);
  writer.writeString('');
  writer.writeLong(0);
  writer.writeDouble(0);
  writer.writeLong(0);
  writer.writeLong(0);
  writeSpanBody(writer, record);
  const bytes = writer.finish();
  const reader = new AvroReader(bytes);
  const span = readSpan(reader);
  expect(reader.position).toBe(bytes.length);
  return span;
}

describe('a call that was seen at both ends', () => {
  const [call, server] = callOf(1, 0, 100);
  const behindProxy = { ...side(3, 80), serviceId: 77, autoServiceId: 77, autoServiceType: 12, resolution: 8 };

  test('has the pods of both in both views, each with the address it saw', () => {
    const scenario = new Scenario();
    const client = known(1, 40_000, 500);
    scenario.arrive(100, { ...call, client, server: side(2, 80) });
    scenario.arrive(200, { ...server, client: side(9, 1234), server: known(2, 8080, 600) });
    scenario.drain();
    expect(scenario.find(call)).toMatchObject({
      client,
      server: { ...known(2, 80, 600), resolution: 3 | 32 },
    });
    expect(scenario.find(server)).toMatchObject({
      client: { ...known(9, 1234, 500), resolution: 3 | 32 },
      server: { podId: 600, resolution: 3 },
    });
  });

  test('keeps the service that was called, also when the pod is behind another one too', () => {
    const scenario = new Scenario();
    scenario.arrive(100, { ...call, client: known(1, 40_000, 500), server: behindProxy });
    scenario.arrive(200, { ...server, client: side(9, 1234), server: known(2, 8080, 600) });
    scenario.drain();
    expect(scenario.find(call).server).toMatchObject({
      podId: 600,
      serviceId: 77,
      autoServiceId: 77,
      resolution: 3 | 8 | 32,
    });
  });

  test('seen at one end only stays as it is', () => {
    const scenario = new Scenario();
    scenario.arrive(100, { ...call, client: known(1, 40_000, 500), server: behindProxy });
    scenario.drain();
    expect(scenario.find(call)).toMatchObject({ client: { podId: 500, resolution: 3 }, server: { resolution: 8 } });
  });
});

const anySide = fc.record({
  address: fc
    .oneof(fc.constantFrom(0, 4, 16, 70), fc.nat(20))
    .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
  port: fc.oneof(fc.nat(65_535), fc.integer()),
  ids: fc.array(fc.oneof(fc.constant(0), fc.nat(100), fc.nat(0x7fffffff)), { minLength: 17, maxLength: 17 }),
  resolution: fc.nat(63),
});

const idNames = Object.keys(side(1, 1)).slice(2, 19) as (keyof Side)[];

function sideOf({ address, port, ids, resolution }: typeof anySide extends fc.Arbitrary<infer T> ? T : never): Side {
  const named = Object.fromEntries(idNames.map((name, index) => [name, ids[index]!]));
  return { ...side(1, 1), ...named, address: Buffer.from(address), port, resolution };
}

/** What a side becomes, said the long way. */
function expected(own: Side, far: Side): Side {
  if ((own.resolution & 1) !== 0 || (far.resolution & 1) === 0) return own;
  const { address, port } = own;
  const resolution = far.resolution | 32 | (own.resolution & 8);
  if ((own.resolution & 8) === 0) return { ...far, address, port, resolution };
  return {
    ...far,
    address,
    port,
    serviceId: own.serviceId || far.serviceId,
    autoServiceId: own.autoServiceId || far.autoServiceId,
    autoServiceType: own.autoServiceType || far.autoServiceType,
    resolution,
  };
}

test('bytes of sides are exchanged as their values would be', () => {
  fc.assert(
    fc.property(anySide, anySide, anySide, anySide, (...sides) => {
      const [client, server, farClient, farServer] = sides.map(sideOf) as [Side, Side, Side, Side];
      const near = aSpan({ spanId: '1', observationPoint: 'c-p', client, server });
      const far = aSpan({ spanId: '2', observationPoint: 's-p', client: farClient, server: farServer });
      const chain = [recordOf(near), recordOf(far)];
      exchangeSides(chain);
      expect(rewritten(chain[0]!)).toEqual({ ...near, server: expected(server, farServer) });
      expect(rewritten(chain[1]!)).toEqual({ ...far, client: expected(farClient, client) });
    }),
    { numRuns: 500 },
  );
});
