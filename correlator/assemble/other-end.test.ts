import { describe, expect, test } from 'vitest';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { resourceKindIndex as kinds } from '../../schemas/generated/resource.ts';
import type { Side, Span } from '../../schemas/generated/span.ts';
import { readTrace } from '../../schemas/generated/trace.ts';
import { recordOf } from '../testing/records.ts';
import { hexId, makeSpan, side } from '../testing/span-fixtures.ts';
import { assembleTrace } from './assemble-trace.ts';
import { writeAssembledTrace } from './write-trace.ts';

/** Spans as they are in the trace that some make. */
function traced(given: readonly Span[]): readonly Span[] {
  const trace = writeAssembledTrace({ traceId: 'ab'.repeat(16), revision: 1 }, assembleTrace(given.map(recordOf)));
  return readTrace(new AvroReader(trace)).spans.map((span) => ({
    ...span,
    client: withPlainAddress(span.client),
    server: withPlainAddress(span.server),
  }));
}

const withPlainAddress = (one: Side): Side => ({ ...one, address: Uint8Array.from(one.address) });

const sequences = { requestTcpSequence: 1000, responseTcpSequence: 2000 };
const inPod = (host: number, port: number, id: number): Side => ({
  ...side(host, port),
  ...{ hostId: 0x7fff_fff0 + id, nodeId: id, podId: 100_000 + id, processResourceId: 0x7000_0000 + id, serviceId: id },
  ...{ autoInstanceId: 100_000 + id, autoInstanceType: kinds.pod, resolution: 3 },
  ...{ autoServiceId: id, autoServiceType: kinds.service },
});

describe('of the two ends of one call', () => {
  const caller = inPod(1, 40_000, 1);
  const server = inPod(3, 8080, 2);
  const behindNat = makeSpan({ spanId: hexId(2), observationPoint: 's-p', ...sequences, agentId: 2, server });
  const call = makeSpan({ spanId: hexId(1), ...sequences, client: caller, server: side(9, 80) });

  test('each takes from the other the side it does not know, and keeps the address and port it saw', () => {
    const [first, second] = traced([call, behindNat]);
    const { address, port } = call.server;
    expect(first).toMatchObject({ client: caller, server: { ...server, address, port, resolution: 35 } });
    const seen = behindNat.client;
    expect(second).toMatchObject({
      server,
      client: { ...caller, address: seen.address, port: seen.port, resolution: 35 },
    });
    expect({ ...first!, server: call.server }).toEqual({ ...call, reason: 'root' });
  });

  test('the order in which they came does not matter', () => {
    expect(traced([behindNat, call])).toEqual(traced([call, behindNat]));
  });

  test('the service that was called by its own address stays', () => {
    const virtual = { ...side(9, 80), serviceId: 7, autoServiceId: 7, autoServiceType: kinds.service, resolution: 8 };
    const [first] = traced([{ ...call, server: virtual }, behindNat]);
    expect(first!.server).toMatchObject({
      podId: server.podId,
      serviceId: 7,
      autoServiceId: 7,
      resolution: 43,
      port: 80,
    });
  });

  test('a side that is known as well stays as it is', () => {
    const known = { ...inPod(3, 8080, 2), resolution: 4 };
    expect(traced([{ ...call, server: known }, behindNat])[0]!.server).toEqual(known);
  });

  test('addresses of any length stay whole', () => {
    const long = { ...side(0, 65_535), address: Uint8Array.from({ length: 16 }, (_, index) => index) };
    const [first, second] = traced([
      { ...call, server: long },
      { ...behindNat, client: { ...long, port: 1 } },
    ]);
    expect(first!.server).toMatchObject({ ...server, address: long.address, port: 65_535, resolution: 35 });
    expect(second!.client).toMatchObject({ ...caller, address: long.address, port: 1, resolution: 35 });
  });
});

test('spans that only carry the same id keep their sides: a proxy that nobody sees may be between them', () => {
  const shared = { xRequestIdRequest: 'x'.repeat(36) };
  const call = makeSpan({ spanId: hexId(1), ...shared, server: side(9, 80) });
  const served = { ...shared, observationPoint: 's-p', startTimeNs: call.startTimeNs + 10n, durationNs: 10 };
  const answer = makeSpan({ spanId: hexId(2), ...served, server: inPod(3, 8080, 2) });
  expect(traced([call, answer])[0]!.server).toEqual(call.server);
});
