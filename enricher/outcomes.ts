/**
 * Why an event is not part of a span: it continued a message; it began, accepted or ended a connection; nobody knows
 * its protocol; no request waited for the response; its request found no answer that counts; it was seen before; or there
 * were more sockets or open requests than are kept.
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
 * Why a message of the bus was put aside; each counts as one. Forged: it says it is of an agent that did not sign it;
 * unsigned: of none, where signatures are required. Out of range: its times cannot be true.
 */
export const rejectReasons = ['undecodable', 'unknown_schema', 'forged', 'unsigned', 'time_out_of_range'] as const;
export type EnricherRejectReason = (typeof rejectReasons)[number];
