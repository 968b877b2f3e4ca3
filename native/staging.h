// SPDX-License-Identifier: Apache-2.0
//
// Puts events in the order of their ids. They reach the ring buffer when their call returns, but a write has its id
// from when the call began: its answer may be there first, read by another thread. So records wait here for one poll
// interval, and leave in the order of their ids up to a moment that far back. A write or connect that blocks for longer
// comes late.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "event.h"

namespace spanloom {

class Staging {
 public:
  // Copies one record of the ring buffer; a record that is too short for its payload is ignored.
  void add(const void* record, size_t size);

  // Calls visit(event, payload) for each event up to `until_ns`, but for at most `max_events` of them; visit may
  // change the payload. Returns how many there were.
  template <typename Visit>
  size_t take(uint64_t until_ns, size_t max_events, Visit visit) {
    size_t taken = 0;
    while (taken < max_events && first_ < waiting_.size() && waiting_[first_].time_ns <= until_ns) {
      uint8_t* record = arena_.data() + waiting_[first_].offset;
      visit(*reinterpret_cast<const spanloom_event*>(record), record + sizeof(spanloom_event));
      first_++;
      taken++;
    }
    if (first_ == waiting_.size()) clear();
    return taken;
  }

  bool empty() const { return first_ == waiting_.size(); }
  size_t bytes() const { return arena_.size(); }
  size_t events() const { return waiting_.size() - first_; }
  // CLOCK_MONOTONIC of the latest event ever added.
  uint64_t latest_ns() const { return latest_ns_; }

 private:
  struct Waiting {
    uint64_t id;
    uint64_t time_ns;
    size_t offset;
  };

  void clear();
  void compact();

  // Records, each at a multiple of eight, and their order. The spare vectors keep their memory from compaction to
  // compaction.
  std::vector<uint8_t> arena_;
  std::vector<uint8_t> spare_arena_;
  std::vector<Waiting> waiting_;
  std::vector<Waiting> spare_waiting_;
  size_t first_ = 0;
  uint64_t latest_ns_ = 0;
};

}  // namespace spanloom
