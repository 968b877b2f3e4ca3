import fc from 'fast-check';
import {
  anyWord,
  anyText,
  type Exchange,
  type ExchangeMaker,
  type ProtocolExamples,
} from '../../testing/protocol-examples.ts';
import * as wire from '../../testing/wire.ts';
import { secrets } from './secrets.ts';

const exchange: ExchangeMaker = (random, index) => {
  const padding = random.oneIn(3) ? [`Cookie: ${anyText(random, 700)}`] : [];
  const body = random.oneIn(3) ? anyText(random, 1500) : '';
  const bodyHead = body === '' ? [] : [`Content-Length: ${body.length}`];
  const method = body === '' ? random.pick(['GET', 'DELETE', 'OPTIONS']) : 'POST';
  const request = wire.http(
    [`${method} /items/${index} HTTP/1.1`, 'Host: shop.example', ...padding, ...bodyHead],
    body,
  );
  const answer = anyText(random, random.oneIn(3) ? 4000 : 60);
  const status = random.pick(['200 OK', '404 Not Found', '500 Internal Server Error']);
  const id = `X-Request-ID: ${index}`;
  if (random.oneIn(3)) {
    const half = answer.length >> 1;
    const chunk = (part: string): string => (part === '' ? '' : `${part.length.toString(16)}\r\n${part}\r\n`);
    const chunks = `${chunk(answer.slice(0, half))}${chunk(answer.slice(half))}0\r\n\r\n`;
    return { request, response: wire.http([`HTTP/1.1 ${status}`, id, 'Transfer-Encoding: chunked'], chunks) };
  }
  if (random.oneIn(6)) return { request, response: wire.http(['HTTP/1.1 204 No Content', id]) };
  return { request, response: wire.http([`HTTP/1.1 ${status}`, id, `Content-Length: ${answer.length}`], answer) };
};

const typical = (index: number): Exchange => ({
  request: wire.http([
    `GET /api/users/${index * 7919}/orders?limit=20&page=${index} HTTP/1.1`,
    'Host: shop.example',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
    'Accept: application/json',
    `X-Request-ID: 9f8b2c1d-0000-4000-8000-${String(index).padStart(12, '0')}`,
    'X-Forwarded-For: 203.0.113.9',
    'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'Accept-Encoding: gzip, deflate',
    'Connection: keep-alive',
  ]),
  response: wire.http(
    ['HTTP/1.1 200 OK', 'Content-Type: application/json', 'Date: Mon, 01 Jan 2024 00:00:00 GMT', 'Content-Length: 29'],
    '{"orders":["first","second"]}',
  ),
});

/** What tests, benches and fuzzing feed of HTTP/1. */
export const examples: ProtocolExamples = {
  exchange,
  typical,
  dictionary: [
    ...['GET ', 'HTTP/1.1', '\r\n', '\r\n\r\n', 'Content-Length: ', 'Transfer-Encoding: chunked', '0\r\n\r\n'],
    ...['Upgrade: websocket', 'CONNECT ', '100 Continue', 'traceparent: 00-', 'X-Request-ID: ', 'Host: '],
  ],
  messages: [
    fc
      .tuple(
        fc.constantFrom('GET', 'POST', 'patch', 'HEAD', 'CONNECT'),
        anyWord,
        fc.array(fc.tuple(anyWord, anyWord), { maxLength: 4 }),
      )
      .map(
        ([method, path, fields]) =>
          `${method} /${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}Cookie: a\r\n\r\n`,
      ),
    fc
      .tuple(
        fc.constantFrom(100, 101, 200, 204, 304),
        fc.constantFrom('Content-Length: 3', 'Transfer-Encoding: chunked', 'a: b'),
      )
      .map(([code, field]) => `HTTP/1.1 ${code} x\r\n${field}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`),
  ],
  secrets,
};
