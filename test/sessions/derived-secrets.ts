import { createHash } from 'node:crypto';
import type { SessionSecret } from './session.ts';

/**
 * What logins make of a password, computed from the password and what the server sent rather than read from where the
 * protocol has it: so they say independently of any reader of the protocol which bytes are secret.
 */

/** Secrets that stand in the bytes of a session for the passwords it was opened with. */
export function secretsIn(passwords: readonly string[], toServer: Buffer, toClient: Buffer): SessionSecret[] {
  const candidates = passwords.flatMap((password) => [
    { kind: 'password', bytes: Buffer.from(password) },
    ...md5Answers(password, toServer, toClient),
    ...nativeAnswers(password, toClient),
    ...basicCredentials(password),
  ]);
  const all = passwords.length === 0 ? [] : [...candidates, ...scramProofs(toServer)];
  const present = all.filter(({ bytes }) => toServer.includes(bytes) || toClient.includes(bytes));
  return present.filter(({ bytes }, index) => present.findIndex((one) => one.bytes.equals(bytes)) === index);
}

function md5(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** PostgreSQL: AuthenticationMD5Password has a salt of four bytes; the user's name is in the startup message. */
function md5Answers(password: string, toServer: Buffer, toClient: Buffer): SessionSecret[] {
  const request = Buffer.from([0x52, 0, 0, 0, 12, 0, 0, 0, 5]);
  const at = toClient.indexOf(request);
  const user = /user\0([^\0]*)\0/.exec(toServer.toString('latin1'))?.[1];
  if (at < 0 || user === undefined) return [];
  const salt = toClient.subarray(at + request.length, at + request.length + 4);
  return [{ kind: 'md5 answer', bytes: Buffer.from(`md5${md5(md5(password, user), salt)}`) }];
}

/** SCRAM-SHA-256 (RFC 7677): the client's last message ends with its proof, 32 bytes in base64. */
function scramProofs(toServer: Buffer): SessionSecret[] {
  return [...toServer.toString('latin1').matchAll(/c=[^,]*,r=[^,]*,p=([A-Za-z0-9+/]{43}=)/g)].map(([, proof]) => ({
    kind: 'scram proof',
    bytes: Buffer.from(proof!),
  }));
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** mysql_native_password: SHA1(password) XOR SHA1(salt + SHA1(SHA1(password))). */
export function nativeAnswer(password: string, salt: Buffer): Buffer {
  const once = sha1(Buffer.from(password));
  const mask = sha1(salt, sha1(once));
  return Buffer.from(once.map((byte, index) => byte ^ mask[index]!));
}

/** For every place where a salt might stand in what the server sent first: in one piece, or in two in a greeting. */
function nativeAnswers(password: string, toClient: Buffer): SessionSecret[] {
  const searched = toClient.subarray(0, 1024);
  const answers: SessionSecret[] = [];
  const fixedBytes = 19;
  for (let at = 0; at + 20 <= searched.length; at++) {
    const first = searched.subarray(at, at + 8);
    const rest = searched.subarray(at + 8 + fixedBytes, at + 20 + fixedBytes);
    for (const salt of [searched.subarray(at, at + 20), Buffer.concat([first, rest])]) {
      if (salt.length === 20) answers.push({ kind: 'native answer', bytes: nativeAnswer(password, salt) });
    }
  }
  return answers;
}

/** HTTP Basic (RFC 7617), for the user that these sessions have. */
function basicCredentials(password: string): SessionSecret[] {
  return [{ kind: 'basic credentials', bytes: Buffer.from(Buffer.from(`joe:${password}`).toString('base64')) }];
}
