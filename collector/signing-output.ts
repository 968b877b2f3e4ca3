import type { AgentKey } from '../core/agents/agent-key.ts';
import { secretSeparator } from '../core/agents/agent-resources.ts';
import { signedMessage } from '../core/agents/agent-signature.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import type { Topic } from '../core/topics.ts';
import type { Output } from './outbox.ts';

/** An output whose messages are signed with a key. */
export function signingOutput(output: Output, key: AgentKey): Output {
  return {
    send: (messages) => output.send(messages.map((message) => signedMessage(withSecretKey(message, key), key))),
  };
}

/**
 * Compaction keeps the newest message of a key, regardless of its sender. Someone who knew the key of another agent's resource
 * could make Kafka remove it with a message that no stage accepts. So the key ends with a secret of its agent.
 */
function withSecretKey(message: OutgoingMessage, agentKey: AgentKey): OutgoingMessage {
  if (message.topic !== ('agent-resources' satisfies Topic)) return message;
  return { ...message, key: `${message.key}${secretSeparator}${agentKey.secretNameOf(message.key)}` };
}
