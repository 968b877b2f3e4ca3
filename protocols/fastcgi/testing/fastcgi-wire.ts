/** Makes the bytes of FastCGI records, as Latin-1 texts; marks around secrets count as no bytes, so no length has 0xab or 0xbb. */
import { unmarked } from '../../testing/marked.ts';

const types = { begin: 1, abort: 2, end: 3, params: 4, stdin: 5, stdout: 6, stderr: 7, getValues: 9 } as const;

/** Name of a type of records. */
export type RecordName = keyof typeof types;

/** A record. */
export function record(name: RecordName, content = '', requestId = 1, paddingBytes = 0): string {
  const length = unmarked(content).length;
  const header = [1, types[name], requestId >> 8, requestId & 0xff, length >> 8, length & 0xff, paddingBytes, 0];
  return `${String.fromCharCode(...header)}${content}${'\0'.repeat(paddingBytes)}`;
}

const lengthOf = (text: string): string => {
  const { length } = unmarked(text);
  return length < 0x80
    ? String.fromCharCode(length)
    : String.fromCharCode(0x80, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff);
};

/** Pairs of names and values. */
export function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${lengthOf(name)}${lengthOf(value)}${name}${value}`)
    .join('');
}

/** What a web server sends at once: a request with its parameters and its body. */
export function request(values: Readonly<Record<string, string>>, body = '', requestId = 1, keepsOn = 1): string {
  const begin = record('begin', `\0\x01${String.fromCharCode(keepsOn)}\0\0\0\0\0`, requestId);
  const params = record('params', pairs(values), requestId) + record('params', '', requestId);
  const stdin = body === '' ? '' : record('stdin', body, requestId);
  return begin + params + stdin + record('stdin', '', requestId);
}

/** The end of a request. */
export function end(requestId = 1, exitStatus = 0, protocolStatus = 0): string {
  const status = String.fromCharCode(
    exitStatus >>> 24,
    (exitStatus >> 16) & 0xff,
    (exitStatus >> 8) & 0xff,
    exitStatus & 0xff,
  );
  return record('end', `${status}${String.fromCharCode(protocolStatus)}\0\0\0`, requestId);
}

/** A response in one record, and the end. */
export function response(fields: readonly string[], body = '', requestId = 1): string {
  return record('stdout', `${fields.join('\r\n')}\r\n\r\n${body}`, requestId) + end(requestId);
}
