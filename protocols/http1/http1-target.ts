import { isDigit, isLetter } from '../dissection/ascii.ts';
import type { TargetPlace } from './http1-start-line.ts';

/**
 * What a request target names (RFC 9112, §3.2): in origin-form a path, in absolute-form an authority and a path, in
 * authority-form (CONNECT) an authority, in asterisk-form the server as a whole. Userinfo is a secret of the client and is
 * left out of all of them; where a target is cut before it is clear what is userinfo and what is not, nothing is named.
 */

const slash = 0x2f;
const question = 0x3f;
const hash = 0x23;
const colon = 0x3a;
const at = 0x40;

/** A run of bytes. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** The parts of a target; a part that it does not have, or that is not known, is an empty run. */
export interface TargetParts {
  readonly authority: Run;
  /** The target has an authority, known or not, which stands above a Host field. */
  readonly hasAuthority: boolean;
  /** Path and query; undefined when they are not known. */
  readonly path: Run | undefined;
}

/** Takes a target apart. */
export function targetParts(bytes: Uint8Array, target: TargetPlace, isConnect: boolean): TargetParts {
  const { start, end, isWhole } = target;
  const nothing = { start: end, end };
  if (isConnect) {
    if (!isWhole) return { authority: nothing, hasAuthority: true, path: undefined };
    const host = { start: behindUserinfo(bytes, start, end), end };
    return { authority: host, hasAuthority: true, path: host };
  }
  if (bytes[start] === slash) return { authority: nothing, hasAuthority: false, path: target };
  const authorityStart = behindScheme(bytes, start, end);
  if (authorityStart === 0) return { authority: nothing, hasAuthority: false, path: withoutUserinfo(bytes, target) };
  let authorityEnd = authorityEndAt(bytes, authorityStart, end);
  let hostStart = behindUserinfo(bytes, authorityStart, authorityEnd);
  if (hostStart === authorityStart && !hasPort(bytes, hostStart, authorityEnd)) {
    // A password with a slash or a question mark in it, which should have been encoded.
    const late = isWhole ? behindUserinfo(bytes, authorityEnd, end) : end;
    if (!isWhole || late > authorityEnd) {
      hostStart = late;
      authorityEnd = authorityEndAt(bytes, late, end);
    }
  }
  if (!isWhole && authorityEnd === end) return { authority: nothing, hasAuthority: true, path: undefined };
  const isKnown = hasPort(bytes, hostStart, authorityEnd);
  const authority = isKnown ? { start: hostStart, end: authorityEnd } : nothing;
  return { authority, hasAuthority: authorityEnd > hostStart, path: { start: authorityEnd, end } };
}

/** A target of no form: what may be userinfo is left out all the same. */
function withoutUserinfo(bytes: Uint8Array, { start, end, isWhole }: TargetPlace): Run | undefined {
  const stop = authorityEndAt(bytes, start, end);
  if (!isWhole && stop === end && bytes[start] !== 0x2a) return undefined;
  return { start: behindUserinfo(bytes, start, stop), end };
}

/** Where the authority begins behind `scheme://`; 0 when there is no such thing. */
function behindScheme(bytes: Uint8Array, start: number, end: number): number {
  if (!isLetter(bytes[start])) return 0;
  for (let index = start + 1; index + 2 < end; index++) {
    const byte = bytes[index]!;
    if (byte === colon) return bytes[index + 1] === slash && bytes[index + 2] === slash ? index + 3 : 0;
    if (!isLetter(byte) && !isDigit(byte) && byte !== 0x2b && byte !== 0x2d && byte !== 0x2e) return 0;
  }
  return 0;
}

function authorityEndAt(bytes: Uint8Array, start: number, end: number): number {
  let index = start;
  while (index < end && bytes[index] !== slash && bytes[index] !== question && bytes[index] !== hash) index++;
  return index;
}

function behindUserinfo(bytes: Uint8Array, start: number, end: number): number {
  for (let index = end; index > start; index--) if (bytes[index - 1] === at) return index;
  return start;
}

/** Whether what follows the host, if anything does, is a port: `user:password` without its end is not. */
function hasPort(bytes: Uint8Array, start: number, end: number): boolean {
  let index = start;
  if (bytes[index] === 0x5b) while (index < end && bytes[index] !== 0x5d) index++;
  while (index < end && bytes[index] !== colon) index++;
  for (index++; index < end; index++) if (!isDigit(bytes[index])) return false;
  return true;
}
