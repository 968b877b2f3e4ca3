/**
 * Overwrites secrets in captured payload prefixes with '*', keeping their length: the reference for native/redact.cc,
 * which does this before anything leaves the host. A property test holds both to the same output.
 *
 * 1. Header lines of HTTP/1: the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie.
 * 2. Logins told by the first bytes of a call: Redis, PostgreSQL, MySQL; quoted literals of SQL after PASSWORD or IDENTIFIED.
 * 3. Configured patterns, on each call's bytes by themselves: with groups the groups are overwritten, else the whole match.
 *
 * What a call leaves unfinished (a value cut by the end of the call or of the captured prefix) is kept in one word per
 * direction of a socket and continued in its next call. Where the rest of a secret cannot be told from what follows it,
 * more is overwritten rather than less.
 */
import { cover, remaining, unfinished, type Call } from './call.ts';
import { redactMysql, redactMysqlAuth, redactMysqlBody, redactPostgresql } from './database-login.ts';
import { redactHeaders } from './http-headers.ts';
import { continueRedis, redactLineLogin, redactRedisCommands } from './redis-login.ts';

/** What the two directions of one socket left unfinished; zeros at first. */
export interface SocketState {
  ingress: number;
  egress: number;
}

/** Compiles patterns of RE2 syntax as far as JavaScript shares it; flags as in `(?i)` may lead. Bytes are Latin-1. */
export function compilePatterns(patterns: readonly string[]): RegExp[] {
  return patterns.map((pattern) => {
    const flags = /^\(\?([ims]+)\)/.exec(pattern);
    return new RegExp(flags === null ? pattern : pattern.slice(flags[0].length), `dg${flags?.[1] ?? ''}`);
  });
}

/** Overwrites secrets in `call.bytes` and updates `state`. Calls of a socket must come in order. */
export function redact(
  call: Call,
  direction: 'ingress' | 'egress',
  state: SocketState,
  patterns: readonly RegExp[] = [],
): void {
  state[direction] = redactBuiltIn(call, state[direction]);
  for (const pattern of patterns) redactPattern(call.bytes, pattern);
}

function redactLogins(call: Call, from: number): number {
  const first = call.bytes[from];
  if (first === undefined) return 0;
  const letter = String.fromCharCode(first);
  let state = 0;
  if (letter === '*') state = redactRedisCommands(call, from);
  else if ('QPp'.includes(letter) && call.bytes[from + 1] === 0) state = redactPostgresql(call, from);
  else if ('AaHhCc'.includes(letter)) state = redactLineLogin(call, from);
  // Any of these letters can also be the length of a MySQL packet.
  return state !== 0 ? state : redactMysql(call, from);
}

function redactBuiltIn(call: Call, state: number): number {
  if (call.length === 0) return state;
  const kind = state >>> 28;
  let next: number;
  let from = 0;
  switch (kind) {
    case unfinished.bytes: {
      const value = state & 0x0fffffff;
      cover(call, 0, value);
      if (value >= call.length) return remaining(call, value);
      from = Math.min(value, call.bytes.length);
      next = redactLogins(call, from);
      break;
    }
    case unfinished.mysqlHeader:
    case unfinished.mysqlHeaderInAuth:
      next = redactMysqlBody(call, state, redactLogins);
      break;
    case unfinished.mysqlAuth:
      next = redactMysqlAuth(call, redactLogins);
      break;
    case unfinished.redis:
      next = continueRedis(call, state);
      break;
    case unfinished.headerName:
    case unfinished.headerValue:
    case unfinished.headerGap:
      return redactHeaders(call, 0, state);
    default:
      next = redactLogins(call, 0);
  }
  const inHead = kind === unfinished.headerFolded || kind === unfinished.headerOpen;
  const headers = redactHeaders(call, from, inHead ? state : 0);
  return next !== 0 ? next : headers;
}

function redactPattern(bytes: Buffer, pattern: RegExp): void {
  for (const match of bytes.toString('latin1').matchAll(pattern)) {
    const spans = match.indices!;
    for (const span of spans.length === 1 ? spans : spans.slice(1)) if (span !== undefined) bytes.fill('*', ...span);
  }
}
