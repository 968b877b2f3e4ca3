import { describe, expect, test } from 'vitest';
import { hash31, hostUid } from '../../core/agents/agent-resources.ts';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readFlowBatch } from '../../schemas/generated/flow-batch.ts';
import { type Resource, writeResource } from '../../schemas/generated/resource.ts';
import type { Side } from '../../schemas/generated/span.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import { aFlowInterval, aSegment } from '../../schemas/testing/a-segment.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { createEnricher, type Enricher } from '../stage.ts';
import { eventMessage } from '../testing/event-message.ts';
import { lineDissector } from '../testing/line-protocol.ts';
import { testConfig } from '../testing/run-agent.ts';

/** Agent 5 sees packets only: no process says which host it is on. */

const source = { topic: 'events', partition: 0 };
const acceptedMs = 1_700_000_000_000;
const agentId = 5;
const hostId = hash31(hostUid(agentId));

function learn(stage: Enricher, given: Partial<Resource>, topic = 'resources'): void {
  const whole = aResource({ validFromNs: 1n, ...given });
  const key = `${whole.kind}:${whole.uid}@${whole.validFromNs}`;
  const { headers, value } = outgoingMessage('resources', key, 'Resource', encodeValue(whole, writeResource));
  stage.learn({
    ...{ topic, partition: 0, offset: 0, timestampMs: acceptedMs, key },
    ...{ value: value as Buffer, headers: headers ?? {} },
  });
}

const inCluster = { parents: [{ kind: 'cluster', id: 1, uid: '' }] } as const;
const onNode = { parents: [{ kind: 'node', id: 4, uid: '' }, ...inCluster.parents] } as const;
const clientPod: Partial<Resource> = { id: 1, uid: 'a', addresses: [Uint8Array.of(10, 0, 0, 1)], ...onNode };
const serverPod: Partial<Resource> = { id: 2, uid: 'b', addresses: [Uint8Array.of(10, 0, 0, 2)], ...inCluster };

/** A host that is a node of a cluster with a network of pods, of which the client is known. */
function inKubernetes(): Enricher {
  const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
  const networks = [{ address: Uint8Array.of(10, 0, 0, 0), prefixLength: 16 }];
  learn(stage, { kind: 'cluster', id: 1, uid: 'c', networks });
  learn(stage, { kind: 'node', id: 4, uid: 'n', name: 'host', ...inCluster });
  const addresses = [Uint8Array.of(192, 168, 0, 1)];
  learn(stage, { kind: 'host', id: hostId, uid: hostUid(agentId), name: 'host', addresses }, 'agent-resources');
  learn(stage, clientPod);
  return stage;
}

const packets = (offset = 0): ReceivedMessage =>
  eventMessage(
    {
      source: 'packets',
      segments: [aSegment({ id: 1, text: 'Q a 1\n' }), aSegment({ id: 2, fromClient: false, text: 'A 200\n' })],
      flows: [aFlowInterval()],
      untilOffsetNs: 2000,
    },
    { offset, timestampMs: acceptedMs },
  );

interface Sides {
  readonly client: Side;
  readonly server: Side;
}

const spansOf = (outputs: readonly OutgoingMessage[]): readonly Sides[] =>
  outputs
    .filter(({ topic }) => topic === 'spans')
    .flatMap(({ value }) => readSpanBatch(new AvroReader(value as Buffer)).spans);
const flowsOf = (outputs: readonly OutgoingMessage[]): readonly Sides[] =>
  outputs
    .filter(({ topic }) => topic === 'flows')
    .flatMap(({ value }) => readFlowBatch(new AvroReader(value as Buffer)).flows);

describe('both ends of packets', () => {
  test('are the pods that have their addresses, of a span and of a flow', () => {
    const stage = inKubernetes();
    learn(stage, serverPod);
    const outputs = stage.process(packets(), 0);
    const sides = { client: { podId: 1, nodeId: 4, resolution: 4 }, server: { podId: 2, nodeId: 0, resolution: 4 } };
    expect(spansOf(outputs)).toMatchObject([sides]);
    expect(flowsOf(outputs)).toMatchObject([sides]);
  });

  test('are the host where the address is one that its agent publishes', () => {
    const stage = inKubernetes();
    const flows = [
      aFlowInterval({ clientAddress: Uint8Array.of(192, 168, 0, 1), serverAddress: Uint8Array.of(8, 8, 8, 8) }),
    ];
    const outputs = stage.process(eventMessage({ source: 'packets', flows }, { offset: 0 }), 0);
    expect(flowsOf(outputs)).toMatchObject([{ client: { hostId, nodeId: 4 }, server: { hostId: 0, podId: 0 } }]);
  });

  test('are nothing known where no host and no resource is', () => {
    const stage = createEnricher(testConfig, { dissectors: [lineDissector] });
    expect(spansOf(stage.process(packets(), 0))).toMatchObject([
      { client: { hostId: 0, podId: 0, resolution: 0 }, server: { hostId: 0, podId: 0, resolution: 0 } },
    ]);
  });
});

describe('a span and a flow of an address in a network of pods that no pod has yet', () => {
  test('wait, count as buffered and keep their batch from being passed', () => {
    const stage = inKubernetes();
    const outputs = stage.process(packets(), 0);
    expect([spansOf(outputs), flowsOf(outputs)]).toEqual([[], []]);
    expect(stage.accounting()).toMatchObject({ received: 3, buffered: 3 });
    expect(stage.lowWatermark(source)).toBe(0);
  });

  test('go out with the pod once that is learned', () => {
    const stage = inKubernetes();
    stage.process(packets(), 0);
    learn(stage, serverPod);
    const outputs = stage.flush(0);
    expect(spansOf(outputs)).toMatchObject([{ client: { podId: 1 }, server: { podId: 2 } }]);
    expect(flowsOf(outputs)).toMatchObject([{ client: { podId: 1 }, server: { podId: 2 } }]);
    expect(stage.accounting()).toMatchObject({ emitted: 3, buffered: 0 });
    expect(stage.lowWatermark(source)).toBeUndefined();
  });

  test('go out without it at the deadline, by the clock of the packets', () => {
    const stage = inKubernetes();
    stage.process(packets(), 0);
    const send = (given: Parameters<typeof eventMessage>[0], offset: number): readonly OutgoingMessage[] =>
      stage.process(eventMessage({ untilOffsetNs: 5_100_000_000, ...given }, { offset, timestampMs: acceptedMs }), 0);
    expect(flowsOf(send({ sequence: 1 }, 1))).toEqual([]);
    const outputs = send({ source: 'packets', sequence: 2 }, 2);
    expect(spansOf(outputs)).toMatchObject([{ client: { podId: 1 }, server: { podId: 0, clusterId: 1 } }]);
    expect(flowsOf(outputs)).toMatchObject([{ server: { podId: 0, clusterId: 1 } }]);
  });

  test('go out with the end of the input, or are counted as revoked', () => {
    const ended = inKubernetes();
    ended.process(packets(), 0);
    expect(flowsOf(ended.drain())).toHaveLength(1);
    const revoked = inKubernetes();
    revoked.process(packets(), 0);
    revoked.revoke([source]);
    expect(revoked.accounting()).toMatchObject({ buffered: 0, dropped: { revoked: 3 } });
    expect([imbalance(ended.accounting()), imbalance(revoked.accounting())]).toEqual([0, 0]);
  });

  test('of a batch that is read again go out between batches: its own results are suppressed', () => {
    const before = inKubernetes();
    before.process(packets(), 0);
    const after = inKubernetes();
    learn(after, serverPod);
    after.assign?.([{ ...source, offset: before.lowWatermark(source)!, emittedBelow: 1 }]);
    expect(flowsOf(after.process(packets(), 0))).toEqual([]);
    const outputs = after.flush(0);
    expect(spansOf(outputs)).toMatchObject([{ server: { podId: 2 } }]);
    expect(flowsOf(outputs)).toMatchObject([{ server: { podId: 2 } }]);
  });
});
