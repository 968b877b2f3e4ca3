// SPDX-License-Identifier: Apache-2.0
#include "staging.h"

#include <algorithm>
#include <utility>

namespace spanloom {
namespace {

// Space of events that have left is reused when it is at least this much.
constexpr size_t kCompactBytes = 512 * 1024;

// Appends a record; returns where it is.
size_t append(std::vector<uint8_t>& arena, const spanloom_event& event) {
  const size_t offset = arena.size();
  const size_t size = sizeof(event) + event.payload_length + event.path_length;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(&event);
  arena.insert(arena.end(), bytes, bytes + size);
  arena.resize((arena.size() + 7) & ~size_t{7});
  return offset;
}

}  // namespace

void Staging::add(const void* record, size_t size) {
  // The ring buffer aligns its records to eight bytes.
  const spanloom_event& event = *static_cast<const spanloom_event*>(record);
  if (size < sizeof(event) || size < sizeof(event) + event.payload_length + event.path_length)
    return;

  if (first_ < waiting_.size() && waiting_[first_].offset > kCompactBytes) compact();
  const Waiting added{event.id, event.time_ns, append(arena_, event)};
  latest_ns_ = std::max(latest_ns_, added.time_ns);

  // Nearly always this is the latest; a write that was overtaken moves up by a few places.
  size_t place = waiting_.size();
  while (place > first_ && waiting_[place - 1].id > added.id) place--;
  waiting_.insert(waiting_.begin() + static_cast<ptrdiff_t>(place), added);
}

void Staging::clear() {
  arena_.clear();
  waiting_.clear();
  first_ = 0;
}

void Staging::compact() {
  spare_arena_.clear();
  spare_waiting_.clear();
  for (size_t index = first_; index < waiting_.size(); index++) {
    const Waiting& waiting = waiting_[index];
    const auto& event = *reinterpret_cast<const spanloom_event*>(arena_.data() + waiting.offset);
    spare_waiting_.push_back({waiting.id, waiting.time_ns, append(spare_arena_, event)});
  }
  std::swap(arena_, spare_arena_);
  std::swap(waiting_, spare_waiting_);
  first_ = 0;
}

}  // namespace spanloom
