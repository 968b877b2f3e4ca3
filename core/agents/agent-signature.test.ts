import { describe, expect, it } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../bus/bus.ts';
import { AgentKey, parsePublicKey } from './agent-key.ts';
import {
  agentKeyHeader,
  agentSignatureHeader,
  SignatureChecker,
  signedMessage,
  unsignedAccepted,
} from './agent-signature.ts';
import { oneAgent, otherAgent, replayKey } from './testing/agent-keys.ts';

const sent: OutgoingMessage = {
  topic: 'events',
  key: '7',
  value: Buffer.from('some bytes'),
  headers: { schema: 'ab' },
};
const received = (message: OutgoingMessage, changed: Partial<ReceivedMessage> = {}): ReceivedMessage => ({
  ...{ partition: 0, offset: 0, timestampMs: 0, topic: message.topic, key: message.key },
  ...{ value: Buffer.from(message.value), headers: message.headers ?? {} },
  ...changed,
});
const required = new SignatureChecker({ isRequired: true, trustedKeys: [] });

describe('the id of an agent', () => {
  it('follows from its key, and is a number of 53 bits', () => {
    expect(oneAgent.agentId).toBe(1_638_049_172_749_524);
    const made = AgentKey.forAgent();
    expect(Number.isSafeInteger(made.agentId)).toBe(true);
    expect(parsePublicKey(made.publicText)?.agentId).toBe(made.agentId);
    expect(AgentKey.restore(made.store()).agentId).toBe(made.agentId);
  });

  it('is had by no key without the nonce that was worked for', () => {
    expect(replayKey.agentId).toBeUndefined();
    const bytes = Buffer.from(oneAgent.publicText, 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1;
      expect(parsePublicKey(changed.toString('base64url'))?.agentId).toBeUndefined();
    }
  });

  it('is read from one text only', () => {
    expect(parsePublicKey(`${oneAgent.publicText}=`)).toBeUndefined();
    expect(parsePublicKey(oneAgent.publicText.slice(1))).toBeUndefined();
    expect(parsePublicKey('')).toBeUndefined();
  });
});

describe('a signed message', () => {
  it('is of the agent that signed it, also when signatures are not required', () => {
    for (const checker of [required, new SignatureChecker(unsignedAccepted)])
      expect(checker.authorOf(received(signedMessage(sent, oneAgent)))).toEqual({
        kind: 'author',
        agentId: oneAgent.agentId,
      });
  });

  it('may be copied to another prefix, partition and offset, with further headers', () => {
    const message = signedMessage(sent, oneAgent);
    const headers = { ...message.headers, 'replayed-from': '0/1' };
    expect(required.authorOf(received(message, { partition: 3, offset: 9, headers })).kind).toBe('author');
  });

  const signed = signedMessage(sent, oneAgent);
  const { headers = {} } = signed;
  const without = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(headers).filter(([each]) => each !== name));
  const flipped = Buffer.from(headers[agentSignatureHeader]!, 'base64url');
  flipped[10]! ^= 1;
  it.each<[string, Partial<ReceivedMessage>]>([
    ['another value', { value: Buffer.from('some bytez') }],
    ['another topic', { topic: 'agent-resources' }],
    ['another key', { key: '8' }],
    ['another schema', { headers: { ...headers, schema: 'cd' } }],
    ['no schema', { headers: without('schema') }],
    ['the key of another agent', { headers: { ...headers, [agentKeyHeader]: otherAgent.publicText } }],
    ['no key', { headers: without(agentKeyHeader) }],
    ['no signature', { headers: without(agentSignatureHeader) }],
    ['an empty signature', { headers: { ...headers, [agentSignatureHeader]: '' } }],
    ['a key that is none', { headers: { ...headers, [agentKeyHeader]: '%'.repeat(54) } }],
    ['a long key', { headers: { ...headers, [agentKeyHeader]: 'A'.repeat(1_000_000) } }],
    [
      'a signature with one other bit',
      { headers: { ...headers, [agentSignatureHeader]: flipped.toString('base64url') } },
    ],
  ])('is forged with %s, whether or not signatures are required', (_, changed) => {
    for (const checker of [required, new SignatureChecker(unsignedAccepted)])
      expect(checker.authorOf(received(signed, changed))).toMatchObject({ kind: 'refused', reason: 'forged' });
  });
});

it('an unsigned message is refused where signatures are required, and taken at its word elsewhere', () => {
  expect(required.authorOf(received(sent))).toMatchObject({ kind: 'refused', reason: 'unsigned' });
  expect(new SignatureChecker(unsignedAccepted).authorOf(received(sent))).toEqual({
    kind: 'author',
    agentId: undefined,
  });
});

it('a key of no agent counts only where it is trusted, and then for every agent', () => {
  const message = received(signedMessage(sent, replayKey));
  expect(required.authorOf(message)).toMatchObject({ kind: 'refused', reason: 'forged' });
  const trusting = new SignatureChecker({ isRequired: true, trustedKeys: [replayKey.publicText] });
  expect(trusting.authorOf(message)).toEqual({ kind: 'author', agentId: undefined });
});

it('the end of a key of a resource is known to its agent alone, and always the same', () => {
  const name = oneAgent.secretNameOf('host:1@2');
  expect(name).toMatch(/^[0-9a-f]{16}$/);
  expect(AgentKey.restore(oneAgent.store()).secretNameOf('host:1@2')).toBe(name);
  expect(otherAgent.secretNameOf('host:1@2')).not.toBe(name);
  expect(oneAgent.secretNameOf('host:1@3')).not.toBe(name);
});
