/**
 * Why an event is not part of a span. continuation: it continued a message. lifecycle: it began, accepted or ended a
 * connection. no_protocol: its protocol was not recognised. response_without_request: no request waited for the response.
 * misrecognised: its request got no valid answer. duplicate: it was seen before. evicted: a bound on sockets or open
 * requests was reached. Of spans that applications report: span_unreadable: it is no span, or has no ids. span_out_of_range: it
 * begins before 1970 or more than an hour ahead of the bus, or lasts longer than 104 days. span_too_large: with the resource
 * that it is of it has more bytes than a span may, or its batch has more of them.
 */
export const dropReasons = [
  'continuation',
  'lifecycle',
  'no_protocol',
  'response_without_request',
  'misrecognised',
  'duplicate',
  'evicted',
  'span_unreadable',
  'span_out_of_range',
  'span_too_large',
] as const;
export type DropReason = (typeof dropReasons)[number];

/**
 * Why a bus message became a dead letter; each counts as one record. forged: it claims an agent that did not sign it. unsigned:
 * it has no signature, and one is required. time_out_of_range: its times are impossible.
 */
export const rejectReasons = ['undecodable', 'unknown_schema', 'forged', 'unsigned', 'time_out_of_range'] as const;
export type EnricherRejectReason = (typeof rejectReasons)[number];
