import { expect, it } from 'vitest';
import { hash31, hostUid, processUid } from '../core/agents/agent-resources.ts';
import type { AgentKey } from '../core/agents/agent-key.ts';
import { signedMessage } from '../core/agents/agent-signature.ts';
import { oneAgent, otherAgent } from '../core/agents/testing/agent-keys.ts';
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { Resource } from '../schemas/generated/resource.ts';
import { PublishedNames } from './otlp/published-names.ts';
import { SinkStage } from './stage.ts';
import { resourceMessage } from './testing/traces.ts';
import { gatewayResource } from './testing/traces.ts';

const signatures = { isRequired: true, trustedKeys: [] };

/** A resource on the topic of agents, signed by one of them. */
function told(resource: Resource, signer: AgentKey): ReceivedMessage {
  const message = resourceMessage(resource, 0, { topic: 'agent-resources' });
  return { ...message, headers: signedMessage(message, signer).headers ?? {} };
}

function processOf(agent: AgentKey, given: Partial<Resource> = {}): Resource {
  const host = hostUid(agent.agentId!);
  const uid = processUid(agent.agentId!, { processId: 12, startTimeNs: 99n });
  return gatewayResource({
    ...{ id: hash31(uid), uid, name: 'shop', validFromNs: 99n },
    parents: [{ kind: 'host', id: hash31(host), uid: '' }],
    ...given,
  });
}

const forgeries: readonly (readonly [string, string, ReceivedMessage])[] = [
  ['of another agent', 'forged', told(processOf(oneAgent), otherAgent)],
  ['of a pod', 'forged', told(processOf(otherAgent, { kind: 'pod' }), otherAgent)],
  ['of the id of another', 'forged', told(processOf(otherAgent, { id: processOf(oneAgent).id }), otherAgent)],
  ['unsigned', 'unsigned', resourceMessage(processOf(oneAgent), 0, { topic: 'agent-resources' })],
];

it.each(forgeries)('a resource of an agent is put aside when it is %s', (_, reason, forgery) => {
  const stage = new SinkStage({ maxRows: 16, maxBytes: 1_000_000, maxAgeMs: 300 }, { signatures });
  const outputs = stage.process(forgery, 0);
  const letters = outputs.map((output) =>
    output.kind === 'dead-letter' ? readDeadLetter(new AvroReader(Buffer.from(output.message.value))) : output.kind,
  );
  expect(letters).toMatchObject([{ stage: 'sink', reason, topic: 'agent-resources', key: forgery.key }]);
  stage.process(told(processOf(oneAgent), oneAgent), 0);
  // What another stage may write there is not signed.
  stage.process(resourceMessage(gatewayResource({ kind: 'pod', id: 3 }), 0), 0);
  const [batch] = stage.drain();
  expect(batch).toMatchObject({ kind: 'rows', messages: [{ read: { records: 1 } }, { read: { records: 1 } }] });
  expect(stage.accounting().rejected).toMatchObject({ [reason]: 1 });
  expect(imbalance(stage.accounting())).toBe(0);
});

it('spans in OTLP get no name by what another agent says', () => {
  const names = new PublishedNames(signatures);
  for (const [, , forgery] of forgeries) names.learn(forgery);
  expect(names.nameOfKind('process', processOf(oneAgent).id)).toBe('');
  names.learn(told(processOf(oneAgent), oneAgent));
  expect(names.nameOfKind('process', processOf(oneAgent).id)).toBe('shop');
});

it('a flood of processes is bounded, and costs nothing else its name', () => {
  const names = new PublishedNames(undefined, 10);
  names.learn(resourceMessage(gatewayResource({ kind: 'service', id: 1, name: 'shop' }), 0));
  for (let id = 1; id <= 100; id++)
    names.learn(
      resourceMessage(gatewayResource({ kind: 'process', id, uid: `p${id}` }), 0, { topic: 'agent-resources' }),
    );
  expect([1, 90, 91, 100].map((id) => names.nameOfKind('process', id) !== '')).toEqual([false, false, true, true]);
  expect(names.nameOfKind('service', 1)).toBe('shop');
});
