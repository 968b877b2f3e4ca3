/** Who may ask: everybody, or who knows the token, or whom a trusted proxy names. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Without any of them everybody may ask. */
export interface AccessRules {
  /** A secret that clients send as a bearer token, or as the password of basic authentication. */
  readonly token?: string;
  readonly proxy?: {
    /** Header in which it names the user, in small letters. */
    readonly header: string;
    /** Addresses from which the header counts. */
    readonly addresses: ReadonlySet<string>;
  };
}

/** What a client asks as: its address, or the user whom a proxy names. Undefined when it may not ask. */
export function clientOf(
  { rawHeaders, socket }: Pick<IncomingMessage, 'rawHeaders' | 'socket'>,
  rules: AccessRules,
): string | undefined {
  const { token, proxy } = rules;
  const address = plainAddress(socket.remoteAddress ?? '');
  if (proxy?.addresses.has(address) === true) {
    const [user, ...others] = valuesOf(rawHeaders, proxy.header);
    if (user !== undefined && user !== '' && others.length === 0) return `user ${user}`;
  }
  if (token !== undefined) {
    const [credentials, ...others] = valuesOf(rawHeaders, 'authorization');
    return credentials !== undefined && others.length === 0 && isToken(secretOf(credentials), token)
      ? address
      : undefined;
  }
  return proxy === undefined ? address : undefined;
}

/** The secret in an Authorization header. Browsers ask people for a password; programs send a bearer token. */
function secretOf(credentials: string): string {
  const [, scheme, value] = /^(\S+) +(\S+)$/.exec(credentials) ?? [];
  if (value === undefined) return '';
  if (scheme!.toLowerCase() === 'bearer') return value;
  if (scheme!.toLowerCase() !== 'basic') return '';
  const text = Buffer.from(value, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

/** In the same time whatever is sent: hashes of equal length are compared. */
function isToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** IPv4 as it is written, also when it came through IPv6. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]!.toLowerCase() === name);
}
