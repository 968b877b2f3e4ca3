/** Reading of JSON that may be anything: what is not there or not of its type is empty. */
import { isIP } from 'node:net';
import { addressBytes } from '../host/host.ts';

/** An object of JSON. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The object at a path; an empty one where there is none. */
export function objectAt(value: unknown, ...path: readonly string[]): JsonObject {
  const found = valueAt(value, path);
  return typeof found === 'object' && found !== null && !Array.isArray(found) ? (found as JsonObject) : {};
}

/** The text at a path. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : '';
}

/** The whole number at a path; 0 where there is none. */
export function numberAt(value: unknown, ...path: readonly string[]): number {
  const found = valueAt(value, path);
  return typeof found === 'number' && Number.isSafeInteger(found) ? found : 0;
}

/** The list at a path. */
export function listAt(value: unknown, ...path: readonly string[]): readonly unknown[] {
  const found = valueAt(value, path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

/** The texts of the list at a path. */
export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((item) => typeof item === 'string');
}

/** The moment at a path, in nanoseconds; undefined where there is none. Kubernetes gives whole seconds, or microseconds. */
export function momentAt(value: unknown, ...path: readonly string[]): bigint | undefined {
  const milliseconds = Date.parse(textAt(value, ...path));
  return Number.isFinite(milliseconds) && milliseconds > 0 ? BigInt(milliseconds) * 1_000_000n : undefined;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = (found as JsonObject)[name];
  }
  return found;
}

/** Texts that are addresses, as bytes, each once; others are left out. An IPv4 address in IPv6 form is the IPv4 one. */
export function addressesOf(texts: readonly string[]): readonly Uint8Array[] {
  const known = new Map<string, Uint8Array>();
  for (const text of texts) {
    const plain = text.replace(/^::ffff:(?=\d+\.)/i, '');
    if (isIP(plain) === 0 || plain.includes('%')) continue;
    const bytes = addressBytes(plain);
    if (bytes.some((byte) => byte !== 0)) known.set(bytes.join(), bytes);
  }
  return [...known.values()];
}
