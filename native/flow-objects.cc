// SPDX-License-Identifier: Apache-2.0
#include "flow-objects.h"

#include <array>
#include <type_traits>

#include "napi-buffer.h"
#include "redactor-object.h"

namespace spanloom {
namespace {

void set_from(const Napi::Object& object, const char* key, auto& into) {
  const Napi::Value value = object.Get(key);
  if (value.IsNumber()) into = static_cast<std::decay_t<decltype(into)>>(value.ToNumber().Int64Value());
}

void set_count(const Napi::Object& object, const char* key, uint64_t count) {
  object.Set(key, static_cast<double>(count));
}

template <size_t Size>
Napi::Object counts_object(Napi::Env env, const std::array<const char*, Size>& names,
                           const std::array<uint64_t, Size>& counts) {
  const Napi::Object object = Napi::Object::New(env);
  for (size_t index = 0; index < Size; index++)
    if (counts[index] > 0) set_count(object, names[index], counts[index]);
  return object;
}

}  // namespace

packets::FlowOptions flow_options_from(const Napi::Object& object) {
  packets::FlowOptions options;
  set_from(object, "maxFlows", options.max_flows);
  set_from(object, "seed", options.seed);
  set_from(object, "firstFlowId", options.first_flow_id);
  set_from(object, "messageBytes", options.message_bytes);
  set_from(object, "continuationBytes", options.continuation_bytes);
  set_from(object, "maxHeldBytes", options.max_held_bytes);
  set_from(object, "intervalNs", options.interval_ns);
  return options;
}

std::unique_ptr<Redactor> flow_redactor_from(const Napi::Object& object, std::string& error) {
  const Napi::Value redaction = object.Get("redaction");
  if (!redaction.IsObject()) return nullptr;
  return Redactor::create(redaction_options_from(redaction.As<Napi::Object>()), error);
}

Napi::Object flow_block_object(Napi::Env env, packets::FlowBlock& block) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("baseNs", Napi::BigInt::New(env, block.base_ns));
  object.Set("untilOffsetNs", static_cast<double>(block.until_offset_ns()));
  object.Set("segments", buffer_from(env, block.segments));
  object.Set("segmentCount", block.segment_count);
  object.Set("intervals", buffer_from(env, block.intervals));
  object.Set("intervalCount", block.interval_count);
  set_count(object, "lastSegmentId", block.last_segment_id);
  set_count(object, "lastFlowId", block.last_flow_id);
  return object;
}

Napi::Object flow_counts_object(Napi::Env env, const AllFlowCounts& counts) {
  const packets::FlowCounts& flows = counts.flows;
  const packets::Fragments::Counts& fragments = counts.fragments;
  const Napi::Object object = Napi::Object::New(env);
  object.Set("frames", counts_object(env, packets::kUnparsedNames, counts.frames));
  object.Set("gaps", counts_object(env, packets::kGapNames, flows.gaps));
  set_count(object, "missedBytes", flows.missed_bytes);
  set_count(object, "flows", flows.flows);
  set_count(object, "evicted", flows.evicted);
  set_count(object, "evictedOpening", flows.evicted_opening);
  set_count(object, "withoutFlow", flows.without_flow);
  set_count(object, "openFlows", counts.open_flows);
  set_count(object, "heldBytes", counts.held_bytes);
  set_count(object, "fragments", fragments.fragments);
  set_count(object, "joinedPackets", fragments.joined);
  set_count(object, "incompletePackets", fragments.incomplete);
  set_count(object, "unusableFragments", fragments.unusable);
  set_count(object, "conflictingFragments", fragments.conflicting);
  return object;
}

}  // namespace spanloom
