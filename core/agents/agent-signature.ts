/**
 * Signatures of agents: each message of the topics that collectors write has two headers, its key and its signature.
 *
 * The signature covers everything that a reader uses: the topic without its prefix, the key, the value's schema, and the
 * value's hash. So no part can be moved to another message. It does not cover other headers, the partition and the offset:
 * a message may be copied as a whole.
 */
import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import type { OutgoingMessage, ReceivedMessage } from '../bus/bus.ts';
import { schemaHeader } from '../codec.ts';
import { type AgentKey, parsePublicKey } from './agent-key.ts';

/** Names of the two headers. */
export const agentKeyHeader = 'agent-key';
export const agentSignatureHeader = 'agent-signature';

/** A message with the signature of a key. */
export function signedMessage(message: OutgoingMessage, key: AgentKey): OutgoingMessage {
  const signature = key.sign(signedBytes(message)).toString('base64url');
  const headers = { ...message.headers, [agentKeyHeader]: key.publicText, [agentSignatureHeader]: signature };
  return { ...message, headers };
}

/** Which signatures are required and accepted. */
export interface SignaturePolicy {
  /** False: unsigned messages are believed. A wrong signature is refused in any case. */
  readonly isRequired: boolean;
  /** Keys, as {@link AgentKey.publicText}, that may speak for every agent. */
  readonly trustedKeys: readonly string[];
}

/** For a log that only trusted processes can write. */
export const unsignedAccepted: SignaturePolicy = { isRequired: false, trustedKeys: [] };

/** The author of a message: an agent, or an operator who may speak for all of them. */
export interface Author {
  readonly kind: 'author';
  /** Undefined: for every agent. */
  readonly agentId: number | undefined;
}

/** Why a message is refused. */
export interface SignatureProblem {
  readonly kind: 'refused';
  readonly reason: 'unsigned' | 'forged';
  readonly detail: string;
}

const anyAgent: Author = { kind: 'author', agentId: undefined };

interface KnownKey {
  readonly author: Author | undefined;
  readonly key: KeyObject;
}

/** Keys that are kept ready; beyond it they are read again. */
const maxKeys = 4096;

/** Verifies the author of a message. */
export class SignatureChecker {
  readonly #isRequired: boolean;
  readonly #trusted: ReadonlySet<string>;
  readonly #keys = new Map<string, KnownKey>();

  constructor({ isRequired, trustedKeys }: SignaturePolicy) {
    this.#isRequired = isRequired;
    this.#trusted = new Set(trustedKeys);
  }

  authorOf(message: ReceivedMessage): Author | SignatureProblem {
    const { [agentKeyHeader]: keyText, [agentSignatureHeader]: signature } = message.headers;
    if (keyText === undefined && signature === undefined) {
      if (!this.#isRequired) return anyAgent;
      return { kind: 'refused', reason: 'unsigned', detail: 'no signature of an agent' };
    }
    const known = this.#keyOf(keyText ?? '');
    if (known === undefined) return forged(`the header ${agentKeyHeader} holds no key`);
    if (!verify(null, signedBytes(message), known.key, Buffer.from(signature ?? '', 'base64url')))
      return forged('the signature is not one of this key for this message');
    return known.author ?? forged(`the key is that of no agent, and is not trusted to speak for others`);
  }

  #keyOf(text: string): KnownKey | undefined {
    const known = this.#keys.get(text);
    if (known !== undefined) return known;
    const parsed = parsePublicKey(text);
    if (parsed === undefined) return undefined;
    const { agentId, raw } = parsed;
    let key: KeyObject;
    try {
      const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
      key = createPublicKey({ key: jwk, format: 'jwk' });
    } catch {
      return undefined;
    }
    const own: Author | undefined = agentId === undefined ? undefined : { kind: 'author', agentId };
    const found = { key, author: this.#trusted.has(text) ? anyAgent : own };
    if (this.#keys.size >= maxKeys) this.#keys.clear();
    this.#keys.set(text, found);
    return found;
  }
}

/** A message that claims an author who did not sign it. */
export function forged(detail: string): SignatureProblem {
  return { kind: 'refused', reason: 'forged', detail };
}

function signedBytes({ topic, key, headers, value }: OutgoingMessage): Buffer {
  const facts = JSON.stringify(['spanloom agent message 1', topic, key, headers?.[schemaHeader] ?? '']);
  // Twice as fast as SHA-256 where the processor has no instructions for that.
  return Buffer.concat([Buffer.from(facts), hash('blake2b512', value, 'buffer')]);
}
