import fc from 'fast-check';
import {
  anyText,
  anyWord,
  type Exchange,
  type ExchangeMaker,
  type ProtocolExamples,
} from '../../testing/protocol-examples.ts';
import { end, pairs, record, request, response } from './fastcgi-wire.ts';
import { secrets } from './secrets.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

const exchange: ExchangeMaker = (random, index) => {
  const id = 1 + (index % 300);
  const body = random.oneIn(3) ? anyText(random, 1500) : '';
  const padding = random.oneIn(3) ? { HTTP_COOKIE: random.pick(['a=b', 'c'.repeat(150), 'd'.repeat(600)]) } : {};
  const asked = request(
    {
      REQUEST_METHOD: body === '' ? random.pick(['GET', 'DELETE', 'HEAD']) : 'POST',
      REQUEST_URI: `/items/${index}`,
      CONTENT_LENGTH: String(body.length),
      ...padding,
      HTTP_X_REQUEST_ID: String(index),
    },
    body,
    id,
  );
  const fields = [`X-Request-ID: ${index}`, 'Content-type: text/html'];
  const answer = anyText(random, random.oneIn(3) ? 4000 : 60);
  const status = random.pick([[], ['Status: 404 Not Found'], ['Status: 500 Internal Server Error']]);
  const head = `${[...status, ...fields].join('\r\n')}\r\n\r\n`;
  if (random.oneIn(3)) {
    const half = answer.length >> 1;
    const log = random.oneIn(2) ? record('stderr', 'PHP message: PHP Warning:  Undefined variable', id) : '';
    const parts = [record('stdout', head + answer.slice(0, half), id), record('stdout', answer.slice(half), id, 5)];
    return { request: bytes(asked), response: bytes(log + parts.join('') + record('stdout', '', id) + end(id)) };
  }
  return { request: bytes(asked), response: bytes(response([...status, ...fields], answer, id)) };
};

const typical = (index: number): Exchange => ({
  request: bytes(
    request({
      QUERY_STRING: `limit=20&page=${index}`,
      REQUEST_METHOD: 'GET',
      CONTENT_TYPE: '',
      CONTENT_LENGTH: '',
      SCRIPT_NAME: '/index.php',
      REQUEST_URI: `/api/users/${index * 7919}/orders?limit=20&page=${index}`,
      DOCUMENT_URI: '/index.php',
      DOCUMENT_ROOT: '/srv/shop/public',
      SERVER_PROTOCOL: 'HTTP/1.1',
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_SOFTWARE: 'nginx/1.22.1',
      REMOTE_ADDR: '203.0.113.9',
      SERVER_NAME: 'shop.example',
      SCRIPT_FILENAME: '/srv/shop/public/index.php',
      HTTP_HOST: 'shop.example',
      HTTP_USER_AGENT: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
      HTTP_X_REQUEST_ID: `9f8b2c1d-0000-4000-8000-${String(index).padStart(12, '0')}`,
    }),
  ),
  response: bytes(
    response(['X-Powered-By: PHP/8.2.29', 'Content-type: application/json'], '{"orders":["first","second"]}'),
  ),
});

/** What tests, benches and fuzzing feed of FastCGI. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  waitsForResponses: true,
  dictionary: [
    ...['\x01\x01\0\x01\0\x08\0\0\0\x01\x01\0\0\0\0\0', '\x01\x03\0\x01\0\x08\0\0\0\0\0\0\0\0\0\0'],
    ...['\x01\x04\0\x01', '\x01\x05\0\x01\0\0\0\0', '\x01\x06\0\x01', '\x01\x07\0\x01', '\x01\x09\0\0'],
    ...['\x0e\x03REQUEST_METHODGET', '\x0b\x02REQUEST_URI/a', 'HTTP_TRACEPARENT', 'Status: 404', 'Set-Cookie: a'],
  ],
  messages: [
    fc
      .tuple(fc.array(fc.tuple(anyWord, anyWord), { maxLength: 5 }), anyWord, fc.constantFrom(1, 2, 300))
      .map(([fields, body, id]) => request(Object.fromEntries(fields.map(([a, b]) => [`HTTP_${a}`, b])), body, id)),
    fc
      .tuple(anyWord, anyWord, fc.constantFrom('200 OK', '404', 'no', '99999'), fc.constantFrom(1, 2))
      .map(([name, value, status, id]) => response([`Status: ${status}`, `${name}: ${value}`], value, id)),
    fc.tuple(anyWord, fc.constantFrom(0, 1, 255)).map(([text, code]) => record('stderr', text) + end(1, code)),
    // Pairs that go on in another record, lengths that are none.
    fc.tuple(anyWord, anyWord, fc.nat(40)).map(([name, value, cut]) => {
      const all = pairs({ [name]: value, REQUEST_METHOD: 'GET' });
      return (
        record('begin', '\0\x01\0\0\0\0\0\0') +
        record('params', all.slice(0, cut)) +
        record('params', all.slice(cut)) +
        record('params')
      );
    }),
    fc
      .tuple(fc.constantFrom('params', 'stdout', 'stdin', 'stderr', 'end', 'begin', 'getValues'), anyWord, fc.nat(3))
      .map(([name, text, id]) => record(name, text, id)),
    fc
      .constantFrom('\xff\xff\xff\xff\x80\0\0\x01', '\x80', '\x01')
      .map((text) => record('params', text) + record('params')),
  ],
  secrets,
};
