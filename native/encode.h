// SPDX-License-Identifier: Apache-2.0
//
// Avro encoding of SocketEvent (schemas/avro/event-batch.avsc). The reference is native/testing/encode-reference.ts; a
// property test holds both to the same bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "block.h"
#include "event.h"
#include "redaction/payload.h"

namespace spanloom {

// What of an event's payload is sent. Behind the captured payload is the path of a Unix socket.
struct SentPayload {
  const uint8_t* bytes;
  size_t length;
  const std::vector<redaction::Range>& ranges;
};

// Appends one event.
void encode_event(const spanloom_event& event, const SentPayload& payload, uint64_t base_monotonic_ns, Bytes& out);

}  // namespace spanloom
