// SPDX-License-Identifier: Apache-2.0
//
// Avro encoding of SocketEvent (schemas/avro/event-batch.avsc). The reference is native/encode-reference.ts; a
// property test holds both to the same bytes.
#pragma once

#include <cstdint>

#include "block.h"
#include "event.h"

namespace spanloom {

// Appends one event; `payload` holds event.payload_length bytes.
void encode_event(const spanloom_event& event, const uint8_t* payload, uint64_t base_monotonic_ns, Bytes& out);

}  // namespace spanloom
