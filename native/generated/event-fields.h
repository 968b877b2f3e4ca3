// SPDX-License-Identifier: Apache-2.0
// Generated from schemas/avro/event-batch.avsc by `npm run generate`. Do not edit.
#pragma once

#define SPANLOOM_EVENT_FIELD_COUNT 31

// Calls X(name) for each field of SocketEvent, in the order in which they are encoded.
#define SPANLOOM_EVENT_FIELDS(X) \
  X(id) \
  X(kind) \
  X(direction) \
  X(time_offset_ns) \
  X(process_id) \
  X(thread_id) \
  X(context_kind) \
  X(context_id) \
  X(context_ancestors) \
  X(answers_to) \
  X(woken_after) \
  X(process_name) \
  X(socket_id) \
  X(file_descriptor) \
  X(network_namespace) \
  X(transport) \
  X(role) \
  X(local_address) \
  X(local_port) \
  X(remote_address) \
  X(remote_port) \
  X(tls) \
  X(length) \
  X(tcp_sequence) \
  X(phase) \
  X(after) \
  X(connect_id) \
  X(message_id) \
  X(error) \
  X(payload) \
  X(redacted)
