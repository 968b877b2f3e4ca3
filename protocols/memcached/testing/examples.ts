import fc from 'fast-check';
import {
  anyText,
  anyWord,
  type Exchange,
  type ExchangeMaker,
  type ProtocolExamples,
} from '../../testing/protocol-examples.ts';
import { binaryRequest, binaryResponse, setExtras, text } from './memcached-wire.ts';
import { secrets } from './secrets.ts';

const exchange: ExchangeMaker = (random, index) => {
  const key = `key:${index}`;
  const value = anyText(random, random.oneIn(4) ? 3000 : 30);
  return random.pick<() => Exchange>([
    () => ({
      request: text(`get ${key}`),
      response: random.oneIn(3) ? text('END') : text(`VALUE ${key} 0 ${value.length}`, value, 'END'),
    }),
    () => ({
      request: text(`gets a b ${key}`),
      response: text(...['a', 'b'].flatMap((one) => [`VALUE ${one} 0 ${value.length} ${index}`, value]), 'END'),
    }),
    () => ({
      request: text(`set ${key} 0 0 ${value.length}`, value),
      response: text(random.pick(['STORED', 'NOT_STORED', 'SERVER_ERROR out of memory storing object'])),
    }),
    () => ({ request: text(`incr ${key} 1`), response: text(random.pick([String(index), 'NOT_FOUND'])) }),
    () => ({ request: text(`delete ${key}`), response: text(random.pick(['DELETED', 'NOT_FOUND'])) }),
    () => ({
      request: text(`mg ${key} v t`),
      response: text(...random.pick([['EN'], [`VA ${value.length} t-1`, value]])),
    }),
    () => ({
      request: binaryRequest(0x01, { extras: setExtras, key, value, opaque: index }),
      response: binaryResponse(
        0x01,
        random.oneIn(2) ? { opaque: index } : { opaque: index, status: 0x82, value: 'no' },
      ),
    }),
    () => ({
      request: binaryRequest(0x0c, { key, opaque: index }),
      response: binaryResponse(0x0c, { extras: Buffer.alloc(4), key, value, opaque: index }),
    }),
    () => ({ request: binaryRequest(0x0a, { opaque: index }), response: binaryResponse(0x0a, { opaque: index }) }),
  ])();
};

const typical = (index: number): Exchange => ({
  request: text(`get session:${index}`),
  response: text(`VALUE session:${index} 0 13`, '{"user":"42"}', 'END'),
});

/** What tests, benches and fuzzing feed of Memcached. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  dictionary: [
    ...[
      'get ',
      'gets ',
      'gat 0 ',
      'set k 0 0 1\r\n',
      'noreply\r\n',
      'incr ',
      'delete ',
      'mg ',
      'ms k 1\r\n',
      'mn\r\n',
      ' q',
    ],
    ...['VALUE k 0 1\r\n', 'END\r\n', 'STORED\r\n', 'VA 1\r\n', 'HD\r\n', 'SERVER_ERROR ', 'STAT ', 'watch\r\n'],
    ...['\x80\x00\x00', '\x81\x00\x00', '\x80\x0d\x00\x01', '\x80\x21\x00\x05PLAIN', '\x80\x0a'],
  ],
  messages: [
    fc
      .tuple(fc.constantFrom('set', 'add', 'cas', 'get', 'gat', 'incr', 'mg', 'ms', 'stats', 'sat'), anyWord, anyWord)
      .map(([name, key, value]) => `${name} ${key} 0 0 ${value.length}\r\n${value}\r\n`),
    fc
      .tuple(anyWord, fc.constantFrom('3', '0', '99999999999', '-1', ''))
      .map(([key, length]) => `VALUE ${key} 0 ${length}\r\nabc\r\nEND\r\n`),
    fc.constantFrom(
      'STORED\r\n',
      'END\r\n',
      'CLIENT_ERROR unauthenticated\r\n',
      'ms k 5 q\r\nhello\r\n',
      'VA 2 t1\r\nab\r\n',
    ),
    fc
      .tuple(fc.constantFrom(0x00, 0x01, 0x0d, 0x21, 0x22, 0xff), anyWord, anyWord, fc.constantFrom(0x80, 0x81))
      .map(([operation, key, value, magic]) => {
        const bytes = binaryRequest(operation, { key, value, extras: operation === 1 ? setExtras : Buffer.alloc(0) });
        bytes[0] = magic;
        return bytes.toString('latin1');
      }),
  ],
  secrets,
};
