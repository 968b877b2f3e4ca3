import { describe, expect, it } from 'vitest';
import { hash31, hostUid, processUid } from '../core/agents/agent-resources.ts';
import { signedMessage } from '../core/agents/agent-signature.ts';
import { oneAgent, otherAgent, replayKey } from '../core/agents/testing/agent-keys.ts';
import type { OutgoingMessage, ReceivedMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import { createEnricher, type Enricher } from './stage.ts';
import { anEvent } from '../schemas/testing/an-event.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { aProcess } from '../schemas/testing/an-event.ts';
import { testConfig } from './testing/run-agent.ts';
import { batchMessage, hostMessage } from './testing/signed.ts';

const victim = oneAgent.agentId!;
const create = (isRequired = true): Enricher =>
  createEnricher(testConfig, {
    dissectors: [lineDissector],
    signatures: { isRequired, trustedKeys: [replayKey.publicText] },
  });
const spansOf = (outputs: readonly OutgoingMessage[]): number =>
  outputs
    .filter(({ topic }) => topic === 'spans')
    .reduce((sum, { value }) => sum + readSpanBatch(new AvroReader(Buffer.from(value))).spans.length, 0);
const letterOf = (outputs: readonly OutgoingMessage[]): ReturnType<typeof readDeadLetter> => {
  expect(outputs.map(({ topic }) => topic)).toEqual(['dead-letter']);
  return readDeadLetter(new AvroReader(Buffer.from(outputs[0]!.value)));
};
const call = (id: number): ReturnType<typeof anEvent>[] => [
  anEvent({ id, direction: 'egress', text: 'Q a 1\n', socketId: 5 }),
  anEvent({ id: id + 1, direction: 'ingress', text: 'A 200\n', socketId: 5 }),
];
/** Batches of the victim, as it sends them: each ends one span. */
const own = (sequence: number): ReceivedMessage => batchMessage({ sequence, events: call(sequence * 2 - 1) }, oneAgent);
const highEvent = [anEvent({ id: 2 ** 52, kind: 'close', socketId: 999, timeOffsetNs: 5000 })];

describe('somebody with the rights of a collector', () => {
  const forgeries: readonly (readonly [string, string, ReceivedMessage])[] = [
    ['unsigned', 'unsigned', batchMessage({ agentId: victim, sequence: 2 ** 40, events: highEvent })],
    [
      'signed with another key',
      'forged',
      batchMessage({ agentId: victim, sequence: 2 ** 40, events: highEvent }, otherAgent),
    ],
    [
      'with the key of the agent and the signature of another message',
      'forged',
      { ...batchMessage({ agentId: victim, events: highEvent }), headers: own(1).headers },
    ],
    ['of itself under the key of the agent', 'forged', batchMessage({ events: highEvent }, otherAgent, String(victim))],
    [
      'signed as the same bytes on another topic',
      'forged',
      {
        ...batchMessage({ agentId: victim, events: highEvent }),
        headers: { ...signedMessage({ ...batchMessage({ agentId: victim }), topic: 'resources' }, oneAgent).headers },
      },
    ],
  ];
  it.each(forgeries)('cannot make duplicates of an agent’s spans by a batch %s', (_, reason, forgery) => {
    const stage = create();
    expect(spansOf(stage.process(own(1), 0))).toBe(1);
    const letter = letterOf(stage.process(forgery, 0));
    expect(letter).toMatchObject({ stage: 'enricher', reason, topic: 'events', key: forgery.key });
    expect(letter.headers).toEqual(forgery.headers);
    expect(Buffer.from(letter.value)).toEqual(forgery.value);
    for (let sequence = 2; sequence < 20; sequence++) expect(spansOf(stage.process(own(sequence), 0))).toBe(1);
    expect(stage.accounting().rejected).toMatchObject({ [reason]: 1 });
    expect(stage.accounting().dropped['duplicate']).toBe(0);
    expect(imbalance(stage.accounting())).toBe(0);
  });

  it('cannot say that its processes are those of another host', () => {
    const agentId = otherAgent.agentId!;
    const hostResourceId = hash31(hostUid(agentId));
    const facts = aProcess({ processId: 9, startTimeNs: 3n, hostResourceId });
    const right = { ...facts, resourceId: hash31(processUid(agentId, facts)) };
    const stage = create();
    expect(spansOf(stage.process(batchMessage({ processes: [right] }, otherAgent), 0))).toBe(0);
    for (const wrong of [
      { ...right, hostResourceId: hash31(hostUid(victim)) },
      { ...right, resourceId: hash31(processUid(victim, facts)) },
    ])
      expect(letterOf(stage.process(batchMessage({ processes: [wrong] }, otherAgent), 0)).reason).toBe('forged');
  });

  it('cannot tell of the host of an agent, in its place or beside it', () => {
    const stage = create();
    const uid = hostUid(victim);
    stage.learn(hostMessage(otherAgent, { uid, id: hash31(uid) }));
    stage.learn(hostMessage(otherAgent, { id: hash31(uid) }));
    stage.learn({ ...hostMessage(oneAgent), headers: {} });
    expect(stage.diagnostics()).toMatchObject({ refused: 3, unreadable: 0 });
    stage.learn(hostMessage(oneAgent));
    expect(stage.diagnostics()).toMatchObject({ refused: 3, unreadable: 0 });
  });
});

it('a message that is sent again as it is makes no span a second time', () => {
  const stage = create();
  const first = own(1);
  expect(spansOf(stage.process(first, 0))).toBe(1);
  expect(spansOf(stage.process(own(2), 0))).toBe(1);
  expect(spansOf(stage.process({ ...first, offset: 99 }, 0))).toBe(0);
  expect(stage.accounting().dropped['duplicate']).toBe(2);
});

it('a key that is trusted to replay speaks for every agent, with ids as they were recorded', () => {
  const stage = create();
  const processes = [aProcess({ hostResourceId: 3, resourceId: 4 })];
  expect(spansOf(stage.process(batchMessage({ agentId: 4711, events: call(1), processes }, replayKey), 0))).toBe(1);
});

it('where signatures are accepted, unsigned batches are taken and wrong signatures are not', () => {
  const stage = create(false);
  expect(spansOf(stage.process(batchMessage({ agentId: victim, events: call(1) }), 0))).toBe(1);
  expect(letterOf(stage.process(batchMessage({ agentId: victim, sequence: 2 }, otherAgent), 0)).reason).toBe('forged');
});
