/** Bytes of connections through the whole enricher: dissecting, following, pairing, tagging. */
import { runConnection } from '../../enricher/testing/connection.ts';
import { decodeConversation } from '../conversation.ts';
import { recordedConversations } from '../seeds.ts';
import { hold, type Target } from '../target.ts';

export const dissectors: Target = {
  seeds: recordedConversations,
  dictionary: [
    ...['GET ', 'HTTP/1.1', '\r\n', '\r\n\r\n', 'Content-Length: ', 'Transfer-Encoding: chunked', '0\r\n\r\n'],
    ...['Upgrade: websocket', 'CONNECT ', '100 Continue', 'traceparent: 00-', 'X-Request-ID: ', 'Host: '],
    ...['*3\r\n', '$-1\r\n', '$5\r\n', '+OK\r\n', '-ERR ', '>3\r\n', '%2\r\n', 'MULTI', 'EXEC', 'SUBSCRIBE', 'HELLO'],
    ...['SELECT ', 'INSERT INTO ', '$$', "'", '/*', '--', 'BEGIN', 'COMMIT'],
    ...['Q\0\0\0', 'P\0\0\0', 'B\0\0\0', 'E\0\0\0', 'S\0\0\0\x04', 'Z\0\0\0\x05I', 'T\0\0\0', 'D\0\0\0', 'C\0\0\0'],
    ...['\x01\0\0\0\x03', '\0\0\x02\0\0\0', '\xff\xff\xff', '\xfe\0\0', '\xc0\x0c'],
  ],
  run(input) {
    const { steps, view } = decodeConversation(input);
    const { spans, counters } = runConnection(steps, view);
    const { received, emitted, buffered } = counters;
    const lost = [...Object.values(counters.dropped), ...Object.values(counters.rejected)];
    hold(received === lost.reduce((sum, count) => sum + count, emitted + buffered), 'received = emitted + dropped + …');
    // Each message takes a byte of some call at least.
    const bytes = steps.reduce((sum, [, call]) => sum + call.length, 0);
    hold(spans.length <= bytes, `${spans.length} spans of ${bytes} bytes`);
  },
};
