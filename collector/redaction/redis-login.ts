import {
  cover,
  coverLine,
  findByte,
  findIgnoringCase,
  hasGap,
  startsIgnoringCase,
  stateOf,
  unfinished,
  type Call,
} from './call.ts';

/**
 * Passwords in Redis commands (RESP arrays, and lines typed by people): AUTH, HELLO ... AUTH, MIGRATE ... AUTH, CONFIG SET
 * requirepass and masterauth, ACL SETUSER. A command that a call leaves unfinished is remembered; what continues it
 * without beginning with an argument's length is overwritten until the next command.
 */

/** Numbers are part of the state word. `unknown`: the name of the command has not been read yet. */
const commands = { other: 0, unknown: 1, auth: 2, hello: 3, migrate: 4, config: 5, acl: 6 } as const;
const longestCommand = 7;
const [asterisk, dollar, lf] = [0x2a, 0x24, 0x0a];

/** Reads type, digits, CRLF; undefined when it is cut or something else. */
function numberLine(bytes: Buffer, at: number): { readonly value: number; readonly next: number } | undefined {
  const match = /^.(\d{1,9})\r\n/s.exec(bytes.toString('latin1', at, at + 12));
  return match === null ? undefined : { value: Number(match[1]), next: at + match[0].length };
}

function commandNamed(name: string): number {
  switch (name.toLowerCase()) {
    case 'auth':
      return commands.auth;
    case 'hello':
      return commands.hello;
    case 'migrate':
      return commands.migrate;
    case 'config':
      return commands.config;
    case 'acl':
      return commands.acl;
    default:
      return commands.other;
  }
}

/** How many of the arguments after this one are secret. */
function secretsAfter(command: number, argument: string): number {
  const keyword = argument.toLowerCase();
  if (command === commands.hello) return keyword === 'auth' || keyword === 'auth2' ? 2 : 0;
  if (command === commands.migrate) return keyword === 'auth' ? 1 : keyword === 'auth2' ? 2 : 0;
  if (command === commands.config) return keyword === 'requirepass' || keyword === 'masterauth' ? 1 : 0;
  return 0;
}

/** After missing bytes it is not known which argument comes next: all are overwritten then, as those of AUTH are. */
function unfinishedCommand(call: Call, command: number, secrets: number): number {
  if (command === commands.other) return 0;
  return stateOf(unfinished.redis, hasGap(call) ? commands.auth : (secrets << 3) | command);
}

/** Walks RESP commands from `at`. */
export function redactRedisCommands(call: Call, from: number): number {
  let at = from;
  while (call.bytes[at] === asterisk) {
    const count = numberLine(call.bytes, at);
    if (count === undefined) {
      const isCut = /^\*\d{0,10}\r?$/.test(call.bytes.toString('latin1', at, at + 13)) && call.bytes.length - at <= 11;
      return isCut ? unfinishedCommand(call, commands.unknown, 0) : 0;
    }
    const rest = redactArguments(call, count.next, count.value, commands.unknown, 0);
    if (rest.state !== 0) return rest.state;
    at = rest.at;
  }
  return 0;
}

function redactArguments(
  call: Call,
  from: number,
  count: number,
  knownCommand: number,
  secretsLeft: number,
): { readonly at: number; readonly state: number } {
  const bytes = call.bytes;
  let at = from;
  let command = knownCommand;
  let secrets = secretsLeft;
  const cutHere = (at: number): { readonly at: number; readonly state: number } => ({
    at,
    state: unfinishedCommand(call, command, secrets),
  });
  for (let left = count; left > 0; left--) {
    if (at >= bytes.length) return cutHere(at);
    if (bytes[at] !== dollar) return { at, state: 0 };
    const size = numberLine(bytes, at);
    if (size === undefined) {
      const state = cutHere(at);
      cover(call, at, bytes.length);
      return state;
    }
    const begin = size.next;
    const end = begin + size.value;
    const text = (): string => bytes.toString('latin1', begin, Math.min(end, begin + 16));
    if (command === commands.unknown) {
      if (end > bytes.length) return size.value > longestCommand ? { at, state: 0 } : cutHere(at);
      command = commandNamed(text());
    } else if (secrets > 0 || command === commands.auth) {
      cover(call, begin, end);
      secrets = Math.max(0, secrets - 1);
    } else if (command === commands.acl) {
      if (begin < bytes.length && '><#!'.includes(String.fromCharCode(bytes[begin]!))) cover(call, begin + 1, end);
    } else if (command !== commands.other && end <= bytes.length) secrets = secretsAfter(command, text());
    if (end + 2 > bytes.length) return cutHere(bytes.length);
    at = end + 2;
  }
  return { at, state: 0 };
}

/** Continues a command that the previous call of this direction left unfinished. */
export function continueRedis(call: Call, state: number): number {
  const value = state & 0x0fffffff;
  if (call.bytes[0] === asterisk) return redactRedisCommands(call, 0);
  if (call.bytes[0] === dollar) {
    const rest = redactArguments(call, 0, Infinity, value & 7, value >>> 3);
    return rest.state !== 0 ? rest.state : redactRedisCommands(call, rest.at);
  }
  // It is lost which argument this belongs to: all are overwritten, as those of AUTH are, until the next command.
  cover(call, 0, call.bytes.length);
  return stateOf(unfinished.redis, commands.auth);
}

/** A command typed as a line; the AUTH of mail protocols looks the same. */
export function redactLineLogin(call: Call, from: number): number {
  const bytes = call.bytes;
  const newline = findByte(bytes, lf, from, bytes.length);
  const end = newline < 0 ? bytes.length : newline;
  const after = (keyword: string): number => {
    const at = findIgnoringCase(bytes, keyword, from, end);
    return at < 0 ? -1 : at + keyword.length;
  };
  let secret = -1;
  if (startsIgnoringCase(bytes, from, 'auth ')) secret = from + 5;
  else if (startsIgnoringCase(bytes, from, 'hello ')) secret = after(' auth ');
  else if (startsIgnoringCase(bytes, from, 'config ')) {
    secret = after(' requirepass ');
    if (secret < 0) secret = after(' masterauth ');
  } else if (startsIgnoringCase(bytes, from, 'acl setuser ')) secret = from + 12;
  if (secret < 0) return 0;
  return coverLine(call, secret) < 0 && !hasGap(call) ? stateOf(unfinished.headerValue) : 0;
}
