// SPDX-License-Identifier: Apache-2.0
#include "capture-file-objects.h"

#include <algorithm>
#include <type_traits>

#include "block.h"
#include "napi-buffer.h"
#include "packets/encode-frame.h"

namespace spanloom {
namespace {

Napi::Value error_value(Napi::Env env, const packets::CaptureFileReader& file) {
  if (file.error().empty()) return env.Undefined();
  return Napi::String::New(env, file.error());
}

// What is not given keeps its default.
void set_from(const Napi::Object& object, const char* key, auto& into) {
  const Napi::Value value = object.Get(key);
  if (value.IsNumber()) into = static_cast<std::decay_t<decltype(into)>>(value.ToNumber().Int64Value());
}

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

Napi::Function FrameReaderObject::define(Napi::Env env) {
  return DefineClass(env, "FrameReader",
                     {InstanceMethod<&FrameReaderObject::read>("read"), InstanceMethod<&FrameReaderObject::end>("end")});
}

Napi::Value FrameReaderObject::read(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Buffer<uint8_t> chunk = info[0].As<Napi::Buffer<uint8_t>>();
  Bytes frames;
  file_.add({chunk.Data(), chunk.Length()});
  for (packets::CapturedPacket packet; file_.next(packet);) {
    now_ns_ = std::max(now_ns_, packet.time_ns);
    packets::parse_frame(packet.bytes, packet.wire_length, packet.link_type, frame_);
    packets::encode_frame(packet, frame_, false, frames);
    packets::CapturedPacket joined = packet;
    while (frame_.fragment.is_one && fragments_.add(joined.bytes, packet.interface, now_ns_, frame_) ==
                                         packets::Fragments::Outcome::kJoined) {
      joined.bytes = fragments_.joined();
      packets::encode_frame(joined, frame_, true, frames);
    }
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("frames", buffer_from(env, frames));
  result.Set("error", error_value(env, file_));
  return result;
}

Napi::Value FrameReaderObject::end(const Napi::CallbackInfo& info) {
  file_.end();
  return error_value(info.Env(), file_);
}

FlowReaderObject::FlowReaderObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<FlowReaderObject>(info), flows_(flow_options_from(info[0].As<Napi::Object>()), encoder_) {}

Napi::Function FlowReaderObject::define(Napi::Env env) {
  return DefineClass(env, "FlowReader",
                     {InstanceMethod<&FlowReaderObject::read>("read"), InstanceMethod<&FlowReaderObject::end>("end"),
                      InstanceMethod<&FlowReaderObject::counts>("counts")});
}

Napi::Value FlowReaderObject::batch(Napi::Env env) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("segments", buffer_from(env, encoder_.segments()));
  result.Set("intervals", buffer_from(env, encoder_.intervals()));
  result.Set("error", error_value(env, file_));
  return result;
}

Napi::Value FlowReaderObject::read(const Napi::CallbackInfo& info) {
  const Napi::Buffer<uint8_t> chunk = info[0].As<Napi::Buffer<uint8_t>>();
  file_.add({chunk.Data(), chunk.Length()});
  for (packets::CapturedPacket packet; file_.next(packet);)
    parser_.parse(packet, [this](const packets::ParsedPacket& parsed) { flows_.packet(parsed); });
  return batch(info.Env());
}

Napi::Value FlowReaderObject::end(const Napi::CallbackInfo& info) {
  file_.end();
  flows_.finish();
  return batch(info.Env());
}

Napi::Value FlowReaderObject::counts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const packets::FlowCounts& flows = flows_.counts();
  const packets::Fragments::Counts& fragments = parser_.fragments();
  const Napi::Object object = Napi::Object::New(env);
  object.Set("frames", counts_object(env, packets::kUnparsedNames, parser_.counts()));
  object.Set("gaps", counts_object(env, packets::kGapNames, flows.gaps));
  set_count(object, "missedBytes", flows.missed_bytes);
  set_count(object, "flows", flows.flows);
  set_count(object, "evicted", flows.evicted);
  set_count(object, "evictedOpening", flows.evicted_opening);
  set_count(object, "withoutFlow", flows.without_flow);
  set_count(object, "openFlows", flows_.open_flows());
  set_count(object, "heldBytes", flows_.held_bytes());
  set_count(object, "fragments", fragments.fragments);
  set_count(object, "joinedPackets", fragments.joined);
  set_count(object, "incompletePackets", fragments.incomplete);
  set_count(object, "unusableFragments", fragments.unusable);
  set_count(object, "conflictingFragments", fragments.conflicting);
  return object;
}

}  // namespace spanloom
