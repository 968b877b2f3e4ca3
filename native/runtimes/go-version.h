// SPDX-License-Identifier: Apache-2.0
//
// Versions of Go and where their runtimes keep what the kernel programs read.
#pragma once

#include <cstdint>
#include <string_view>

namespace spanloom {

// Offsets in bytes, as in struct spanloom_go (event.h), of all releases of Go 1.minor.
struct GoOffsets {
  uint32_t minor;
  uint16_t g_m;
  uint16_t g_id;
  uint16_t g_parent;
  uint16_t g_start;
  uint16_t m_current;
  uint16_t sudog_g;
  uint16_t sudog_channel;
  uint16_t channel_receivers;
};

// Of a version as a program names it ("go1.21.5 X:boringcrypto"); null for one that the table does not have, such as a
// development version or a release candidate.
const GoOffsets* go_offsets_of(std::string_view version);

}  // namespace spanloom
