/**
 * What signatures of agents cost: making a key, signing and checking one batch, by its size. Processor time of one core.
 *
 *   npx tsx bench/signatures.ts
 */
import { AgentKey } from '../core/agents/agent-key.ts';
import { SignatureChecker, signedMessage } from '../core/agents/agent-signature.ts';
import type { ReceivedMessage } from '../core/bus/bus.ts';

const rounds = 300;
const sizes = [1_000, 100_000, 1_000_000];

/** Processor time in milliseconds of one call: other processes on the machine do not count. */
function processorMs(times: number, act: () => void): number {
  const before = process.cpuUsage();
  for (let index = 0; index < times; index++) act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

const text = (ms: number): string => `${ms.toFixed(3)} ms`;
console.log(`a key with an id      ${text(processorMs(10, () => AgentKey.forAgent()))}`);
const key = AgentKey.forAgent();
for (const size of sizes) {
  const message = {
    topic: 'events',
    key: String(key.agentId),
    value: Buffer.alloc(size, 'a'),
    headers: { schema: 'x' },
  };
  const signed = signedMessage(message, key);
  const received: ReceivedMessage = {
    ...{ topic: signed.topic, key: signed.key, value: message.value, headers: signed.headers ?? {} },
    ...{ partition: 0, offset: 0, timestampMs: 0 },
  };
  const checker = new SignatureChecker({ isRequired: true, trustedKeys: [] });
  if (checker.authorOf(received).kind !== 'author') throw new Error('the signature does not hold');
  const sign = processorMs(rounds, () => void signedMessage(message, key));
  const check = processorMs(rounds, () => void checker.authorOf(received));
  console.log(`${String(size / 1000).padStart(5)} kB a batch: signing ${text(sign)}, checking ${text(check)}`);
}
