import { latin1Text, utf8Text } from '../dissection/ascii.ts';
import { replyWords, textCommands } from './memcached-words.ts';

/** Lines of the text protocol (doc/protocol.txt of memcached), with the meta commands of version 1.6. */

const maxShownKeys = 8;
/** The server refuses longer keys. */
const maxKeyBytes = 250;
const maxWords = 64;
/** Values are at most a gibibyte, whatever the server's settings. */
export const maxValueBytes = 2 ** 30;

const knownCommands: ReadonlySet<string> = new Set(textCommands);
const knownReplies: ReadonlySet<string> = new Set(replyWords);
const stores: ReadonlySet<string> = new Set(['set', 'add', 'replace', 'append', 'prepend', 'cas']);
const retrievals: ReadonlySet<string> = new Set(['get', 'gets', 'gat', 'gats']);
const metas: ReadonlySet<string> = new Set(['mg', 'ms', 'md', 'ma', 'mn', 'me']);
const errors = ['ERROR', 'CLIENT_ERROR', 'SERVER_ERROR'];

/** What begins the response to a command; to commands that are not here, any line that is not a value. */
const responses: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [
    ...[...retrievals].map((name) => [name, ['VALUE', 'END']] as const),
    ...[...stores].map((name) => [name, ['STORED', 'NOT_STORED', 'EXISTS', 'NOT_FOUND']] as const),
    ['delete', ['DELETED', 'NOT_FOUND']] as const,
    ['incr', ['number', 'NOT_FOUND']] as const,
    ['decr', ['number', 'NOT_FOUND']] as const,
    ['touch', ['TOUCHED', 'NOT_FOUND']] as const,
    ['mg', ['VA', 'HD', 'EN']] as const,
    ['ms', ['HD', 'NS', 'EX', 'NF']] as const,
    ['md', ['HD', 'NF', 'EX']] as const,
    ['ma', ['HD', 'VA', 'NF', 'NS', 'EX']] as const,
    ['mn', ['MN']] as const,
    ['me', ['ME', 'EN']] as const,
    ['version', ['VERSION']] as const,
    ['stats', ['STAT', 'ITEM', 'END', 'RESET', 'OK']] as const,
  ].map(([name, begins]) => [name, new Set([...begins, ...errors])]),
);
/** What quiet meta commands never say; later versions say less. */
const unsaid: Readonly<Record<string, readonly string[]>> = { mg: ['EN'], ms: ['HD'], md: ['HD'], ma: ['HD'] };

/** A line of a client. */
export interface TextCommand {
  readonly name: string;
  /** The keys, as many as are shown. */
  readonly keys: readonly string[];
  /** How many keys there are. */
  readonly keyCount: number;
  /** Bytes of the value behind the line; -1 when none follows. */
  readonly valueBytes: number;
  readonly hasResponse: boolean;
  /** Only a response that says something unusual is sent. */
  readonly isQuiet: boolean;
  /** What the response repeats to tell whose it is; empty when it repeats nothing. */
  readonly opaque: string;
}

/** Whether a command of this name exists. */
export function isTextCommand(name: string): boolean {
  return knownCommands.has(name);
}

/** Whether some command begins like this. */
export function isCommandStart(part: string): boolean {
  return textCommands.some((name) => name.startsWith(part));
}

/** Whether a line of a server may begin with this word. */
export function isReplyWord(word: string): boolean {
  return knownReplies.has(word);
}

/** The first word of a line. */
export function firstWord(bytes: Buffer, start: number, end: number): string {
  let at = start;
  while (at < end && at < start + 32 && bytes[at]! > 0x20) at++;
  return latin1Text(bytes, start, at);
}

/**
 * Reads the line of a client from `start` to `end`, its line break excluded; `isWhole` is false when its end is missing.
 * Returns undefined when the server would not take it for a command with a value, so that nothing tells where it ends.
 */
export function readTextCommand(bytes: Buffer, start: number, end: number, isWhole: boolean): TextCommand | undefined {
  const { words, count } = splitLine(bytes, start, end, isWhole);
  const [name = ''] = words;
  const hasResponse = !(isWhole && words.length === count && words.at(-1) === 'noreply') && name !== 'quit';
  const plain = { name, hasResponse, valueBytes: -1, isQuiet: false, opaque: '' };
  if (metas.has(name)) return readMeta(plain, words, isWhole);
  if (stores.has(name)) {
    const valueBytes = decimal(words[4]);
    if (isWhole && (count < 5 || valueBytes < 0 || valueBytes > maxValueBytes)) return undefined;
    return { ...plain, keys: words.slice(1, 2), keyCount: 1, valueBytes };
  }
  if (retrievals.has(name)) {
    const first = name.startsWith('gat') ? 2 : 1;
    return { ...plain, hasResponse: true, keys: words.slice(first, first + maxShownKeys), keyCount: count - first };
  }
  const isKeyed = name === 'delete' || name === 'incr' || name === 'decr' || name === 'touch';
  return { ...plain, keys: isKeyed ? words.slice(1, 2) : [], keyCount: isKeyed ? 1 : 0 };
}

function readMeta(
  plain: Omit<TextCommand, 'keys' | 'keyCount'>,
  words: readonly string[],
  isWhole: boolean,
): TextCommand | undefined {
  const { name } = plain;
  const key = words[1];
  if (key === undefined) return { ...plain, keys: [], keyCount: 0 };
  const valueBytes = name === 'ms' ? decimal(words[2]) : -1;
  if (isWhole && name === 'ms' && (valueBytes < 0 || valueBytes > maxValueBytes)) return undefined;
  const flags = words.slice(name === 'ms' ? 3 : 2);
  return {
    ...plain,
    hasResponse: true,
    keys: [key],
    keyCount: 1,
    valueBytes,
    isQuiet: flags.includes('q'),
    opaque: flags.find((flag) => flag.startsWith('O')) ?? (flags.includes('k') ? `k${key}` : ''),
  };
}

/** Whether a line that begins with this word, and repeats this, may be the response to a command. */
export function mayRespond(command: TextCommand, word: string, line: string): boolean {
  const { name, isQuiet, opaque } = command;
  const begins = responses.get(name);
  if (begins !== undefined && !begins.has(word)) return false;
  if (begins === undefined && (word === 'VALUE' || word === 'VA')) return false;
  if (isQuiet && unsaid[name]?.includes(word) === true) return false;
  if (opaque === '' || errors.includes(word)) return true;
  const repeated = line.split(' ').filter((flag) => flag.charAt(0) === opaque.charAt(0));
  // Responses without a value or success need not repeat it.
  return repeated.length === 0 ? word !== 'VA' && word !== 'HD' : repeated.includes(opaque);
}

/** A text as its decimal number, -1 when it is none. */
function decimal(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

function splitLine(
  bytes: Buffer,
  start: number,
  end: number,
  isWhole: boolean,
): { readonly words: readonly string[]; readonly count: number } {
  const words: string[] = [];
  let count = 0;
  let at = start;
  for (;;) {
    while (at < end && bytes[at] === 0x20) at++;
    if (at >= end) return { words, count };
    const from = at;
    while (at < end && bytes[at] !== 0x20) at++;
    // The word at which the line was cut may go on.
    if (at >= end && !isWhole && count > 0) return { words, count };
    count++;
    if (words.length < maxWords) words.push(utf8Text(bytes, from, Math.min(at, from + maxKeyBytes)));
  }
}
