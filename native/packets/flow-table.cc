// SPDX-License-Identifier: Apache-2.0
#include "flow-table.h"

#include <bit>

namespace spanloom::packets {

FlowTable::FlowTable(uint32_t max_flows, uint64_t seed)
    : max_flows_(max_flows), seed_(seed), slots_(std::bit_ceil(size_t{max_flows} * 2), kNoFlow) {}

uint32_t FlowTable::find(const FlowKey& key) const {
  const uint64_t hash = hash_of(key, seed_);
  for (size_t slot = home(hash); slots_[slot] != kNoFlow; slot = home(slot + 1)) {
    const Flow& flow = flows_[slots_[slot]];
    if (flow.hash == hash && flow.key == key) return slots_[slot];
  }
  return kNoFlow;
}

uint32_t FlowTable::add(const FlowKey& key) {
  uint32_t index = static_cast<uint32_t>(flows_.size());
  if (free_.empty()) {
    flows_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Flow& flow = flows_[index];
  flow.key = key;
  flow.hash = hash_of(key, seed_);
  size_t slot = home(flow.hash);
  while (slots_[slot] != kNoFlow) slot = home(slot + 1);
  slots_[slot] = index;
  size_++;
  return index;
}

void FlowTable::remove(uint32_t index) {
  size_t slot = home(flows_[index].hash);
  while (slots_[slot] != index) slot = home(slot + 1);
  // What follows moves up, unless that would put it before its home.
  for (size_t next = home(slot + 1); slots_[next] != kNoFlow; next = home(next + 1)) {
    const size_t from_home = home(next - home(flows_[slots_[next]].hash));
    if (from_home < home(next - slot)) continue;
    slots_[slot] = slots_[next];
    slot = next;
  }
  slots_[slot] = kNoFlow;
  flows_[index] = Flow{};
  free_.push_back(index);
  size_--;
}

}  // namespace spanloom::packets
