import type { Dissector, Recognition } from './dissector.ts';
import { Http1Conversation } from './http1-conversation.ts';
import { judgeStart } from './http1-start-line.ts';

const leastBytesOfRequest = 6;

/** HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112) over TCP or Unix sockets. */
export const http1Dissector: Dissector = {
  protocol: 'http1',
  timeoutMs: 120_000,
  recognise(bytes, hints): Recognition {
    if (hints.transport === 'udp' || bytes.length === 0) return 'no';
    const response = judgeStart(bytes, 0, bytes.length, false);
    if (response === 'yes') return 'response';
    const request = judgeStart(bytes, 0, bytes.length, true);
    if (request === 'yes') return 'request';
    if (request === 'partial' && hasTarget(bytes)) return 'request';
    return response === 'partial' || request === 'partial' ? 'undecided' : 'no';
  },
  open: <Origin>() => new Http1Conversation<Origin>(),
};

/** A method, a space and the beginning of a target are enough: the rest of the line may lie beyond what was captured. */
function hasTarget(bytes: Buffer): boolean {
  if (bytes.length < leastBytesOfRequest) return false;
  const cut = bytes.indexOf(0x20);
  if (cut < 3 || cut + 1 >= bytes.length) return false;
  return bytes[cut + 1] === 0x2f || bytes.length >= cut + 8;
}
