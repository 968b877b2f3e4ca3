// SPDX-License-Identifier: Apache-2.0
//
// The flows there are, of which there is a most. All memory for finding them is taken at once; that of a flow when there first
// are as many.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "flow.h"

namespace spanloom::packets {

class FlowTable {
 public:
  FlowTable(uint32_t max_flows, uint64_t seed);

  // kNoFlow: none.
  uint32_t find(const FlowKey& key) const;
  // There must be room.
  uint32_t add(const FlowKey& key);
  void remove(uint32_t index);

  bool is_full() const { return size_ == max_flows_; }
  uint32_t size() const { return size_; }
  Flow& operator[](uint32_t index) { return flows_[index]; }

 private:
  size_t home(uint64_t hash) const { return hash & (slots_.size() - 1); }

  const uint32_t max_flows_;
  const uint64_t seed_;
  // Linear probing; at most half of them are in use.
  std::vector<uint32_t> slots_;
  // Flows never move.
  std::deque<Flow> flows_;
  std::vector<uint32_t> free_;
  uint32_t size_ = 0;
};

// Flows that wait for the same time each, so that they are in order by themselves: a queue instead of timers.
template <QueueLink Flow::* Link>
class FlowQueue {
 public:
  explicit FlowQueue(FlowTable& table) : table_(table) {}

  // Puts the flow, which is in no queue of this kind, behind all others. `now_ns` never decreases.
  void push(uint32_t index, int64_t now_ns) {
    QueueLink& link = table_[index].*Link;
    link = {tail_, kNoFlow, now_ns};
    if (tail_ == kNoFlow) head_ = index;
    else (table_[tail_].*Link).next = index;
    tail_ = index;
    size_++;
  }

  void remove(uint32_t index) {
    QueueLink& link = table_[index].*Link;
    if (!link.is_queued()) return;
    if (link.previous == kNoFlow) head_ = link.next;
    else (table_[link.previous].*Link).next = link.next;
    if (link.next == kNoFlow) tail_ = link.previous;
    else (table_[link.next].*Link).previous = link.previous;
    link = {};
    size_--;
  }

  // The flow that has waited longest; kNoFlow: none.
  uint32_t first() const { return head_; }
  int64_t first_since_ns() const { return (table_[head_].*Link).since_ns; }
  uint32_t size() const { return size_; }

  // The same, if it has waited for so long.
  uint32_t due(int64_t now_ns, int64_t delay_ns) const {
    return head_ != kNoFlow && now_ns - first_since_ns() >= delay_ns ? head_ : kNoFlow;
  }

 private:
  FlowTable& table_;
  uint32_t head_ = kNoFlow;
  uint32_t tail_ = kNoFlow;
  uint32_t size_ = 0;
};

}  // namespace spanloom::packets
