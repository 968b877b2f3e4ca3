// SPDX-License-Identifier: Apache-2.0
#include "staging.h"

namespace spanloom {
namespace {

// Space of events that have left is reused when it is at least this much.
constexpr size_t kCompactBytes = 512 * 1024;

}  // namespace

void Staging::add(const void* record, size_t size) {
  spanloom_event event;
  if (size < sizeof(event)) return;
  std::memcpy(&event, record, sizeof(event));
  if (size < sizeof(event) + event.payload_length) return;

  if (first_ < waiting_.size() && waiting_[first_].offset > kCompactBytes) compact();
  const size_t offset = arena_.size();
  const uint8_t* bytes = static_cast<const uint8_t*>(record);
  arena_.insert(arena_.end(), bytes, bytes + sizeof(event) + event.payload_length);
  waiting_.push_back({event.id, event.time_ns, offset});
  latest_ns_ = std::max(latest_ns_, uint64_t{event.time_ns});
}

void Staging::sort() {
  if (sorted_ == waiting_.size()) return;
  std::sort(waiting_.begin() + static_cast<ptrdiff_t>(first_), waiting_.end(),
            [](const Waiting& left, const Waiting& right) { return left.id < right.id; });
  sorted_ = waiting_.size();
}

void Staging::clear() {
  arena_.clear();
  waiting_.clear();
  first_ = 0;
  sorted_ = 0;
}

void Staging::compact() {
  std::vector<uint8_t> arena;
  std::vector<Waiting> waiting;
  for (size_t index = first_; index < waiting_.size(); index++) {
    const uint8_t* record = arena_.data() + waiting_[index].offset;
    spanloom_event event;
    std::memcpy(&event, record, sizeof(event));
    waiting.push_back({event.id, event.time_ns, arena.size()});
    arena.insert(arena.end(), record, record + sizeof(event) + event.payload_length);
  }
  arena_ = std::move(arena);
  waiting_ = std::move(waiting);
  first_ = 0;
  sorted_ = 0;
}

}  // namespace spanloom
