import type { AgentKey } from '../../core/agents/agent-key.ts';
import { hash31, hostUid, resourceKey } from '../../core/agents/agent-resources.ts';
import { signedMessage } from '../../core/agents/agent-signature.ts';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { type EventBatch, writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { type Resource, writeResource } from '../../schemas/generated/resource.ts';
import { anEventBatch } from '../../schemas/testing/an-event.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';

/** Messages as agents send them, for tests. */

let offset = 0;

const received = (message: OutgoingMessage): ReceivedMessage => ({
  ...{ partition: 0, offset: offset++, timestampMs: 1_700_000_000_000, topic: message.topic, key: message.key },
  ...{ value: Buffer.from(message.value), headers: message.headers ?? {} },
});

/** A batch under the key of the agent that it says it is of, signed by whoever. */
export function batchMessage(given: Partial<EventBatch>, signer?: AgentKey, key?: string): ReceivedMessage {
  const batch = anEventBatch({ agentId: signer?.agentId ?? 1, untilOffsetNs: 0, ...given });
  const value = encodeValue(batch, writeEventBatch);
  const message = outgoingMessage('events', key ?? String(batch.agentId), 'EventBatch', value);
  return received(signer === undefined ? message : signedMessage(message, signer));
}

/** The host of an agent on the topic of agents' resources. */
export function hostMessage(signer: AgentKey, given: Partial<Resource> = {}): ReceivedMessage {
  const uid = hostUid(signer.agentId!);
  const host = aResource({ kind: 'host', id: hash31(uid), uid, name: 'host', ...given });
  const value = encodeValue(host, writeResource);
  return received(signedMessage(outgoingMessage('agent-resources', resourceKey(host), 'Resource', value), signer));
}
