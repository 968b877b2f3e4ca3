const sentences: Readonly<Record<string, string>> = {
  tcp_sequence: 'The same call, seen at another place: its bytes are at the same position of the same TCP connection.',
  datagram: 'The same call, seen at another place: its datagrams are the same.',
  trace_context: 'The request carries a trace header that names the span of its caller.',
  x_request_id: 'Both carry the same X-Request-ID.',
  last_read: 'This request is what the caller’s thread had read last before it made the call.',
  queue: 'The process works off requests in the order in which they came, and it was the turn of this one.',
  agreement: 'What was read before the call and what was answered after it name the same request.',
  resumed: 'The response of another call of this request led to this call.',
  serial_context: 'The thread that made the call serves one request at a time, and it was serving this one.',
  time: 'No other request was open in the process at that time.',
  context: 'The thread or coroutine that made the call serves this request, or works for the one that does.',
  wake: 'The thread that serves this request was woken by the one that had read the response of this call.',
  assignment: 'Of all calls and requests of that while together, this is the likeliest match.',
  root: 'No parent is known.',
  unknown: 'The reason was not recorded.',
};

/** Why a span has the parent that it has, in a sentence: `Reason` of schemas/avro/span.avsc. */
export const reasonSentence = (reason: string): string => sentences[reason] ?? sentences['unknown']!;

/** A reason as its short name for people. */
export const reasonName = (reason: string): string => reason.replaceAll('_', ' ');
