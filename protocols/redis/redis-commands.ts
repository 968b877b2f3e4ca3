import { redisCommands } from './redis-words.ts';

/**
 * What may be shown of a Redis command: its keys, never its values. Most commands have one key, right behind the name;
 * the tables hold the others.
 */

/** Which arguments are keys: `count` of them from the first, every `step`-th; `count` -1 means all. */
export interface KeyArguments {
  readonly count: number;
  readonly step: number;
}

const none: KeyArguments = { count: 0, step: 1 };
const one: KeyArguments = { count: 1, step: 1 };
const two: KeyArguments = { count: 2, step: 1 };
const all: KeyArguments = { count: -1, step: 1 };
const everySecond: KeyArguments = { count: -1, step: 2 };

const table = new Map<string, KeyArguments>();
function enter(names: string, keys: KeyArguments): void {
  for (const name of names.split(' ')) table.set(name, keys);
}
enter('AUTH HELLO PING ECHO QUIT MULTI EXEC DISCARD UNWATCH RESET DBSIZE FLUSHALL FLUSHDB SAVE BGSAVE TIME INFO', none);
enter('ROLE SYNC PSYNC MONITOR LASTSAVE BGREWRITEAOF REPLCONF SHUTDOWN WAIT WAITAOF READONLY READWRITE ASKING', none);
enter('XREAD XREADGROUP FAILOVER LOLWUT SWAPDB MIGRATE', none);
enter('MGET DEL UNLINK EXISTS TOUCH WATCH SINTER SUNION SDIFF PFCOUNT SUBSCRIBE PSUBSCRIBE SSUBSCRIBE', all);
enter('UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE SINTERSTORE SUNIONSTORE SDIFFSTORE PFMERGE', all);
enter('MSET MSETNX', everySecond);
enter('RENAME RENAMENX RPOPLPUSH LMOVE BLMOVE BRPOPLPUSH SMOVE COPY ZRANGESTORE GEOSEARCHSTORE', two);
enter('HGET HEXISTS HSTRLEN HINCRBY HINCRBYFLOAT HSETNX', two);
enter('SELECT SCAN', one);

/** Commands whose first argument is a subcommand and belongs to the name: CONFIG GET, CLIENT SETNAME. */
const containers: ReadonlySet<string> = new Set(
  'ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SENTINEL SLOWLOG XGROUP XINFO'.split(
    ' ',
  ),
);
/** Those of them whose second argument is a key. */
const keyedContainers: ReadonlySet<string> = new Set(['DEBUG', 'MEMORY', 'OBJECT', 'XGROUP', 'XINFO']);

/** Commands with a count of keys behind their first argument or two. */
const counted: ReadonlyMap<string, number> = new Map([
  ['EVAL', 1],
  ['EVAL_RO', 1],
  ['EVALSHA', 1],
  ['EVALSHA_RO', 1],
  ['FCALL', 1],
  ['FCALL_RO', 1],
  ['ZUNIONSTORE', 1],
  ['ZINTERSTORE', 1],
  ['ZDIFFSTORE', 1],
  ['ZUNION', 0],
  ['ZINTER', 0],
  ['ZDIFF', 0],
  ['SINTERCARD', 0],
  ['LMPOP', 0],
  ['ZMPOP', 0],
  ['BLMPOP', 1],
  ['BZMPOP', 1],
]);

/** Commands that are answered once for each channel, and with messages afterwards. */
export const subscriptions: ReadonlySet<string> = new Set(
  'SUBSCRIBE PSUBSCRIBE SSUBSCRIBE UNSUBSCRIBE PUNSUBSCRIBE SUNSUBSCRIBE'.split(' '),
);

const knownCommands: ReadonlySet<string> = new Set(redisCommands);

/** Whether Redis has a command of this name (upper case). */
export function isKnownCommand(name: string): boolean {
  return knownCommands.has(name);
}

/** How a command's name and shown arguments follow from its words. */
export interface CommandText {
  /** `GET`, `CONFIG GET`. */
  readonly name: string;
  /** The name and the keys, separated by spaces. */
  readonly resource: string;
}

const maxShownArguments = 8;
const maxResourceCharacters = 256;

/** Describes a command by its upper-case name and its arguments, as many as were captured. */
export function describeCommand(command: string, words: readonly string[]): CommandText {
  let name = command;
  let first = 0;
  let keys = table.get(command) ?? (knownCommands.has(command) || command.includes('.') ? one : none);
  const subcommand = words[0];
  const keysAt = counted.get(command);
  if (containers.has(command) && subcommand !== undefined) {
    if (isWord(subcommand)) name = `${command} ${subcommand.toUpperCase()}`;
    first = 1;
    keys = keyedContainers.has(command) || name === 'CONFIG GET' ? one : none;
  } else if (keysAt !== undefined) {
    const count = Number(words[keysAt]);
    first = keysAt + 1;
    keys = Number.isInteger(count) && count > 0 ? { count, step: 1 } : none;
  } else if (command === 'XREAD' || command === 'XREADGROUP') {
    const streams = words.findIndex((word) => word.length === 7 && word.toUpperCase() === 'STREAMS');
    first = streams + 1;
    keys = streams < 0 ? none : { count: Math.max(1, Math.floor((words.length - first) / 2)), step: 1 };
  } else if (command === 'BITOP') {
    first = 1;
    keys = all;
  }
  let resource = name;
  // The destination of a STORE is a key too; it stands before the count. Scripts and timeouts do as well, and stay out.
  if (command.endsWith('STORE') && keysAt === 1 && subcommand !== undefined) resource += ` ${subcommand}`;
  const limit = keys.count < 0 ? words.length : Math.min(words.length, first + keys.count * keys.step);
  let shown = 0;
  for (let index = first; index < limit && shown < maxShownArguments; index += keys.step, shown++) {
    resource += ` ${words[index]!}`;
  }
  return {
    name,
    resource: resource.length > maxResourceCharacters ? resource.slice(0, maxResourceCharacters) : resource,
  };
}

function isWord(text: string): boolean {
  if (text.length === 0 || text.length > 24) return false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index) | 0x20;
    if ((code < 0x61 || code > 0x7a) && code !== 0x2d) return false;
  }
  return true;
}
