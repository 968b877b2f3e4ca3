import type { Dissector, Recognition } from '../dissection/dissector.ts';
import { FastcgiConversation } from './fastcgi-conversation.ts';
import { isResponse, judgeBegin } from './fastcgi-records.ts';

/** The port of php-fpm; FastCGI has none of its own. */
export const fastcgiPort = 9000;

/** FastCGI 1.0 over TCP or Unix sockets. */
export const fastcgiDissector: Dissector = {
  protocol: 'fastcgi',
  timeoutMs: 120_000,
  recognise(bytes, hints): Recognition {
    if (hints.transport === 'udp' || bytes.length === 0) return 'no';
    const request = judgeBegin(bytes);
    if (request !== 'no') return request === 'yes' ? 'request' : 'undecided';
    return isResponse(bytes) ? 'response' : 'no';
  },
  open: <Origin>() => new FastcgiConversation<Origin>(),
};
