/** What each reason means, for which a stage did not pass a record on. */
const sentences: Readonly<Record<string, string>> = {
  // Collector: Loss in schemas/avro/event-batch.avsc says the same with all details.
  ring_full: 'The kernel had no room left in its buffer: the collector did not keep up with the events of its host.',
  map_full: 'The kernel had no room left for the state of a thread or a socket.',
  socket_unresolved: 'The addresses of a socket could not be read: its calls are there, but between unknown ends.',
  payload_unreadable:
    'The content of a message could not be read, or only its beginning: its call may lack the endpoint.',
  arguments_missed: 'The arguments of a system call could not be read in time: a message, or its content, is missing.',
  undelivered: 'A block of events could not be taken over from the capture.',
  packets_dropped: 'The capture of packets had no room: the host had more packets than could be read.',
  failed: 'A batch of events could not be sent; the log of the collector says why.',
  other: 'The capture of this host gives a reason that this version does not know.',
  // Enricher: enricher/outcomes.ts.
  evicted: 'There were more open connections or requests than the bound allows; the oldest were given up.',
  continuation: 'It continued a message, and counts with the event that began it.',
  lifecycle: 'It began, accepted or ended a connection, which is no call.',
  no_protocol: 'Its bytes are of no protocol that is known here.',
  response_without_request:
    'No request waited for this response: the connection is older than the capture, or the request was lost.',
  misrecognised: 'It looked like a request of a protocol, but got no valid answer of that protocol.',
  duplicate: 'It was seen before: messages are sent again after a restart, and count once.',
  span_unreadable: 'An application reported it in bytes that are no span, or without ids.',
  span_out_of_range: 'An application reported it with a time in the future, or a duration that cannot be true.',
  span_too_large: 'An application reported it with more bytes than a span may have, with the resource that it is of.',
  // What stages refuse: docs/dead-letters.md says what to do.
  undecodable: 'Its bytes do not match their schema. It is kept as a dead letter.',
  unknown_schema: 'A newer version wrote it, or none. It is kept as a dead letter, to be replayed after an upgrade.',
  unsigned: 'No collector signed it, and signatures are required. It is kept as a dead letter.',
  forged: 'It claims to be of a collector that did not sign it. It is kept as a dead letter.',
  time_out_of_range:
    'Its times are older than what is kept, or in the future: the clock of a host may be wrong. It is kept as a dead letter.',
  refused: 'ClickHouse does not accept its row. It is kept as a dead letter.',
  too_large: 'It would take more memory than a message may. It stays on its topic.',
  poison: 'The stage died several times while it worked on this message. It is kept as a dead letter.',
  // Resources.
  unchanged: 'The source reported what was known already.',
  settled: 'The same change came from several sources and was published once.',
  bad_uid: 'The source named a resource by an id that is none.',
  bad_address: 'The source gave a resource an address that is none.',
  never_told: 'The source ended a resource that it had never reported.',
  // Any stage.
  revoked: 'Another process took over the partition and reads the record again.',
  seen_in_process: 'The span was seen inside a process as well, and is sent on once.',
};

/** One or two sentences; of an unknown reason, its name. */
export function reasonText(reason: string): string {
  return Object.hasOwn(sentences, reason)
    ? sentences[reason]!
    : `For the reason “${reason}”, which this page does not know.`;
}

/** A few words for it: its name, as metrics have it. */
export const reasonName = (reason: string): string => reason.replaceAll('_', ' ');
