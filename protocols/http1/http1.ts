import type { Dissector, Recognition } from '../dissection/dissector.ts';
import { Http1Conversation } from './http1-conversation.ts';
import { judgeStart, tellsRequest } from './http1-start-line.ts';

/** HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112) over TCP or Unix sockets. */
export const http1Dissector: Dissector = {
  protocol: 'http1',
  timeoutMs: 120_000,
  recognise(bytes, hints): Recognition {
    if (hints.transport === 'udp' || bytes.length === 0) return 'no';
    const response = judgeStart(bytes, 0, bytes.length, false);
    if (response === 'yes') return 'response';
    if (tellsRequest(bytes, 0, bytes.length)) return 'request';
    return response === 'partial' || judgeStart(bytes, 0, bytes.length, true) === 'partial' ? 'undecided' : 'no';
  },
  open: <Origin>() => new Http1Conversation<Origin>(),
};
