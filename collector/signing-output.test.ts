import { expect, it } from 'vitest';
import { SignatureChecker } from '../core/agents/agent-signature.ts';
import { oneAgent, otherAgent } from '../core/agents/testing/agent-keys.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { signingOutput } from './signing-output.ts';

const value = Buffer.from('value');
const headers = { schema: 'x' };
const messages: readonly OutgoingMessage[] = [
  { topic: 'events', key: '7', value, headers },
  { topic: 'agent-resources', key: 'host:7@5', value, headers },
];

async function sentBy(key: typeof oneAgent): Promise<readonly OutgoingMessage[]> {
  const sent: OutgoingMessage[] = [];
  const send = (more: readonly OutgoingMessage[]): Promise<void> => Promise.resolve(void sent.push(...more));
  await signingOutput({ send }, key).send(messages);
  return sent;
}

it('everything that is sent is signed, and carries nothing of the private key', async () => {
  const sent = await sentBy(oneAgent);
  const checker = new SignatureChecker({ isRequired: true, trustedKeys: [] });
  for (const message of sent) {
    const received = { partition: 0, offset: 0, timestampMs: 0, headers: {}, ...message, value };
    expect(checker.authorOf(received)).toEqual({ kind: 'author', agentId: oneAgent.agentId });
    const seed = Buffer.from(oneAgent.store().privateKey, 'base64').subarray(-32);
    for (const text of [message.key, ...Object.values(message.headers ?? {})])
      for (const encoding of ['hex', 'base64', 'base64url'] as const) {
        expect(text).not.toContain(seed.toString(encoding).slice(0, 12));
        expect(Buffer.from(text, encoding).includes(seed.subarray(0, 8))).toBe(false);
      }
  }
});

it('a resource has the same key each time, which no other agent can name: else it could have it compacted away', async () => {
  const keys = async (key: typeof oneAgent): Promise<readonly string[]> => (await sentBy(key)).map((sent) => sent.key);
  const own = await keys(oneAgent);
  expect(own).toEqual(['7', expect.stringMatching(/^host:7@5#[0-9a-f]{16}$/)]);
  expect(await keys(oneAgent)).toEqual(own);
  expect((await keys(otherAgent))[1]).not.toBe(own[1]);
});
