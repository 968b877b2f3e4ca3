import { client, type MarkedCall, server, unmarked } from '../../testing/marked.ts';
import { binaryRequest, binaryResponse, setExtras } from './memcached-wire.ts';

const latin1 = (bytes: Buffer): string => bytes.toString('latin1');
/** A SASL message whose marked value is a secret. */
const sasl = (operation: number, mechanism: string, value: string): string => {
  const whole = latin1(binaryRequest(operation, { key: mechanism, value: unmarked(value) }));
  return whole.slice(0, whole.length - unmarked(value).length) + value;
};

/** Conversations with their secrets marked. */
export const secrets: Readonly<Record<string, readonly MarkedCall[]>> = {
  'a login by text': [
    client('set auth 0 0 8\r\n«bob s3cr»\r\n'),
    server('STORED\r\n'),
    client('set a 0 0 5\r\nvalue\r\n', 'get a\r\n'),
    server('STORED\r\nVALUE a 0 5\r\nvalue\r\nEND\r\n'),
  ],
  'a login by text that is refused, and again': [
    client('get a\r\n'),
    server('CLIENT_ERROR unauthenticated\r\n'),
    client('set auth 0 0 6\r\n«bob no»\r\n'),
    server('CLIENT_ERROR authentication failure\r\n'),
    client('set auth 0 0 8\r\n«bob s3cr»\r\n'),
    server('STORED\r\n'),
    client('set a 0 0 1\r\nx\r\n'),
  ],
  'a first value, which may be a login': [
    client('set a 7 0 4 noreply\r\n«data»\r\n', 'set b 0 0 4\r\n«data»\r\n'),
    server('STORED\r\n'),
    client('add c 0 0 4\r\ndata\r\n', 'ms d 2 T0\r\nab\r\n'),
    server('STORED\r\nHD\r\n'),
  ],
  'no login': [
    client('version\r\n'),
    server('VERSION 1.6.18\r\n'),
    client('set a 0 0 8\r\nbob s3cr\r\n'),
    server('STORED\r\n'),
    client('stats\r\n'),
    server('STAT pid 1\r\nSTAT threads 4\r\nEND\r\n'),
    client('mg a v\r\n'),
    server('VA 8\r\nbob s3cr\r\n'),
  ],
  'SASL: a password': [
    client(latin1(binaryRequest(0x20))),
    server(latin1(binaryResponse(0x20, { value: 'PLAIN CRAM-MD5' }))),
    client(sasl(0x21, 'PLAIN', '«\0bob\0pw»')),
    server(latin1(binaryResponse(0x21, { value: 'Authenticated' }))),
    client(latin1(binaryRequest(0x01, { extras: setExtras, key: 'a', value: 'data' }))),
    server(latin1(binaryResponse(0x01))),
  ],
  'SASL: steps': [
    client(sasl(0x21, 'CRAM-MD5', '')),
    server(latin1(binaryResponse(0x21, { status: 0x21, value: '<1.2@h>' }))),
    client(sasl(0x22, 'CRAM-MD5', '«bob 0af9»')),
    server(latin1(binaryResponse(0x22, { status: 0x20, value: 'Auth failure' }))),
    client(latin1(binaryRequest(0x00, { key: 'a' }))),
    server(latin1(binaryResponse(0x00, { status: 1, value: 'Not found' }))),
  ],
};
