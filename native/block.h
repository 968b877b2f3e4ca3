// SPDX-License-Identifier: Apache-2.0
//
// Events on their way to JavaScript, where they are a CapturedBlock of native/capture.ts. One poll of the ring buffer
// hands over none, one or several: poller.cc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "event.h"

namespace spanloom {

// Bytes that grow by doubling and can be given away without a copy.
class Bytes {
 public:
  // Makes room for `count` more bytes and returns where they go.
  uint8_t* reserve(size_t count);
  // The bytes up to `end`, a position within what reserve() returned, are now in use.
  void advance_to(const uint8_t* end) { size_ = static_cast<size_t>(end - data_.get()); }

  size_t size() const { return size_; }
  const uint8_t* data() const { return data_.get(); }
  // The memory, to be freed with delete[].
  uint8_t* release();

 private:
  std::unique_ptr<uint8_t[]> data_;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

struct SeenProcess {
  uint32_t process_id;
  uint64_t start_boottime_ns;
  std::string name;
};

// Behind the losses of the kernel programs, enum spanloom_loss: events of blocks that JavaScript did not take.
inline constexpr size_t kUndelivered = SPANLOOM_LOSSES;
inline constexpr size_t kLosses = SPANLOOM_LOSSES + 1;

// Counts by reason.
using Losses = std::array<uint64_t, kLosses>;

// The names that losses travel under.
inline constexpr std::array<const char*, kLosses> kLossNames = {
    "ring_full", "socket_unresolved", "payload_unreadable", "map_full", "arguments_missed", "undelivered"};

struct Block {
  Bytes events;
  uint32_t event_count = 0;
  uint64_t last_event_id = 0;
  uint64_t base_monotonic_ns = 0;
  uint64_t until_ns = 0;
  Losses losses{};
  std::vector<SeenProcess> processes;
};

}  // namespace spanloom
