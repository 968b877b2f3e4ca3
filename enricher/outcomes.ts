/**
 * Why an event is not part of a span. continuation: it continued a message. lifecycle: it began, accepted or ended a
 * connection. no_protocol: its protocol was not recognised. response_without_request: no request waited for the response.
 * misrecognised: its request got no valid answer. duplicate: it was seen before. evicted: a bound on sockets or open
 * requests was reached.
 */
export const dropReasons = [
  'continuation',
  'lifecycle',
  'no_protocol',
  'response_without_request',
  'misrecognised',
  'duplicate',
  'evicted',
] as const;
export type DropReason = (typeof dropReasons)[number];

/**
 * Why a bus message became a dead letter; each counts as one record. forged: it claims an agent that did not sign it. unsigned:
 * it has no signature, and one is required. time_out_of_range: its times are impossible.
 */
export const rejectReasons = ['undecodable', 'unknown_schema', 'forged', 'unsigned', 'time_out_of_range'] as const;
export type EnricherRejectReason = (typeof rejectReasons)[number];
