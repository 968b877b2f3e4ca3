// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "avro-write.h"
#include "redaction/payload.h"

namespace spanloom {

// An array of longs, offset and length of each range: at most ten bytes a number, and ten more.
inline uint8_t* write_ranges(uint8_t* out, const std::vector<redaction::Range>& ranges) {
  if (!ranges.empty()) {
    out = write_long(out, static_cast<int64_t>(ranges.size() * 2));
    for (const redaction::Range& range : ranges) {
      out = write_long(out, range.offset);
      out = write_long(out, range.length);
    }
  }
  return write_long(out, 0);
}

}  // namespace spanloom
