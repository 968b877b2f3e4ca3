/**
 * The key of an agent, and its id, which is derived from the key. A signature proves that the sender has the private key of an
 * id, so no list of agents is needed.
 *
 * An id has 53 bits. Alone these would be too few: an attacker could make keys until one has the id of another agent. So an
 * id counts only if its hash also ends with 18 zero bits, found by trying nonces, as in cryptographically generated
 * addresses (RFC 3972, section 7.2). That takes an agent half a second, once; to get the id of one certain agent takes 2^71
 * hashes.
 */
import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

/** Bits of the hash that have to be zero. */
const zeroBits = 18;
const keyBytes = 32;
const nonceBytes = 8;
const idDomain = 'spanloom agent id 1\0';

/** A private key as it is kept in a file. */
export interface StoredAgentKey {
  /** Ed25519, PKCS #8 in DER, base64. Never leaves the file. */
  readonly privateKey: string;
  /** {@link AgentKey.publicText} */
  readonly publicKey: string;
}

/** A key that signs. */
export class AgentKey {
  readonly #privateKey: KeyObject;
  readonly #secret: Buffer;
  /** Public key and nonce, base64url: what a message carries. */
  readonly publicText: string;
  /** The agent whose key it is; undefined for an operator's key, which has to be trusted explicitly. */
  readonly agentId: number | undefined;

  /** Makes a key of a new agent; takes about half a second. */
  static forAgent(): AgentKey {
    for (;;) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const found = findNonce(rawPublicKey(publicKey));
      if (found !== undefined) return new AgentKey(privateKey, found);
    }
  }

  /** Makes a key without an agent, for an operator who replays recordings. */
  static forReplays(): AgentKey {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    return new AgentKey(privateKey, Buffer.concat([rawPublicKey(publicKey), Buffer.alloc(nonceBytes)]));
  }

  /** @throws when it is no key, or the two do not belong together */
  static restore({ privateKey, publicKey }: StoredAgentKey): AgentKey {
    const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
    const publicBytes = Buffer.from(publicKey, 'base64url');
    if (key.asymmetricKeyType !== 'ed25519' || publicBytes.length !== keyBytes + nonceBytes)
      throw new Error('not an Ed25519 key');
    if (!publicBytes.subarray(0, keyBytes).equals(Buffer.from(key.export({ format: 'jwk' }).x!, 'base64url')))
      throw new Error('the public key is not that of the private key');
    return new AgentKey(key, publicBytes);
  }

  private constructor(privateKey: KeyObject, publicBytes: Buffer) {
    this.#privateKey = privateKey;
    this.#secret = createHmac('sha256', 'spanloom agent secret 1').update(privateKey.export(der)).digest();
    this.publicText = publicBytes.toString('base64url');
    this.agentId = agentIdOf(publicBytes);
  }

  /** For the file of this key alone. */
  store(): StoredAgentKey {
    return { privateKey: this.#privateKey.export(der).toString('base64'), publicKey: this.publicText };
  }

  sign(bytes: Uint8Array): Buffer {
    return sign(null, bytes, this.#privateKey);
  }

  /** A text that only the owner of the key can name beforehand, always the same for the same text. */
  secretNameOf(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('hex').slice(0, 16);
  }
}

const der = { format: 'der', type: 'pkcs8' } as const;

/** A public key apart: the agent it belongs to, and the key itself. */
export interface PublicAgentKey {
  readonly agentId: number | undefined;
  readonly raw: Buffer;
}

/** Reads the text of a public key; undefined when it is none. */
export function parsePublicKey(text: string): PublicAgentKey | undefined {
  const bytes = Buffer.from(text, 'base64url');
  // One key has one text.
  if (bytes.length !== keyBytes + nonceBytes || bytes.toString('base64url') !== text) return undefined;
  return { agentId: agentIdOf(bytes), raw: bytes.subarray(0, keyBytes) };
}

/** The id that a key and its nonce have; undefined when they have none. */
function agentIdOf(publicBytes: Uint8Array): number | undefined {
  const digest = hash('sha256', Buffer.concat([Buffer.from(idDomain), publicBytes]), 'buffer');
  if ((digest.readUInt32BE(digest.length - 4) & ((1 << zeroBits) - 1)) !== 0) return undefined;
  const agentId = Number(digest.readBigUInt64BE(0) >> 11n);
  return agentId === 0 ? undefined : agentId;
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  return Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
}

/** The key with a nonce that gives it an id. */
function findNonce(raw: Buffer): Buffer | undefined {
  const start = idDomain.length;
  const input = Buffer.concat([Buffer.from(idDomain), raw, randomBytes(nonceBytes)]);
  for (let nonce = 0; nonce < 2 ** 32; nonce++) {
    input.writeUInt32BE(nonce, input.length - 4);
    // Text is cheaper to get than a buffer, and all but a few end here.
    const digest = hash('sha256', input, 'binary');
    if (digest.charCodeAt(31) !== 0 || digest.charCodeAt(30) !== 0) continue;
    const publicBytes = Buffer.from(input.subarray(start));
    if (agentIdOf(publicBytes) !== undefined) return publicBytes;
  }
  return undefined;
}
