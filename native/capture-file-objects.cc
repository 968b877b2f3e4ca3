// SPDX-License-Identifier: Apache-2.0
#include "capture-file-objects.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "block.h"
#include "flow-objects.h"
#include "napi-buffer.h"
#include "packets/encode-frame.h"

namespace spanloom {
namespace {

Napi::Value error_value(Napi::Env env, const packets::CaptureFileReader& file) {
  if (file.error().empty()) return env.Undefined();
  return Napi::String::New(env, file.error());
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

FlowReaderObject::FlowReaderObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FlowReaderObject>(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  std::string error;
  auto redactor = flow_redactor_from(options, error);
  if (!error.empty()) Napi::Error::New(info.Env(), error).ThrowAsJavaScriptException();
  encoder_ = std::make_unique<packets::FlowEncoder>(std::move(redactor));
  flows_ = std::make_unique<packets::FlowTracker>(flow_options_from(options), *encoder_);
  has_own_ids_ = !options.Get("firstFlowId").IsNumber();
}

Napi::Function FlowReaderObject::define(Napi::Env env) {
  return DefineClass(env, "FlowReader",
                     {InstanceMethod<&FlowReaderObject::read>("read"), InstanceMethod<&FlowReaderObject::end>("end"),
                      InstanceMethod<&FlowReaderObject::counts>("counts")});
}

// The same file gives the same ids, and another time has others.
void FlowReaderObject::begin(int64_t time_ns) {
  first_time_ns_ = time_ns;
  if (!has_own_ids_) return;
  const uint64_t time_us = static_cast<uint64_t>(std::max<int64_t>(time_ns / 1000, 1));
  const uint64_t first_id = std::min<uint64_t>(time_us, packets::kFirstSegmentId / 2);
  flows_->number_from(first_id);
  encoder_->number_from(packets::kFirstSegmentId + first_id);
}

Napi::Value FlowReaderObject::batch(Napi::Env env) {
  std::vector<packets::FlowBlock> blocks = encoder_->take_blocks(flows_->sent_until_ns(flows_->now_ns()), true);
  Napi::Array objects = Napi::Array::New(env, blocks.size());
  for (uint32_t index = 0; index < blocks.size(); index++) objects.Set(index, flow_block_object(env, blocks[index]));
  Napi::Object result = Napi::Object::New(env);
  result.Set("blocks", objects);
  result.Set("firstTimeNs", first_time_ns_.has_value() ? Napi::Value(Napi::BigInt::New(env, *first_time_ns_)) : env.Undefined());
  result.Set("interfaces", interfaces(env));
  result.Set("error", error_value(env, file_));
  return result;
}

// Names of the interfaces, if there are more than before.
Napi::Value FlowReaderObject::interfaces(Napi::Env env) {
  const size_t count = file_.interface_count();
  if (count == known_interfaces_ && file_.sections() == known_sections_) return env.Undefined();
  known_interfaces_ = count;
  known_sections_ = file_.sections();
  Napi::Array names = Napi::Array::New(env, count);
  for (uint32_t number = 0; number < count; number++)
    names.Set(number, Napi::String::New(env, file_.interface_name(number)));
  return names;
}

Napi::Value FlowReaderObject::read(const Napi::CallbackInfo& info) {
  const Napi::Buffer<uint8_t> chunk = info[0].As<Napi::Buffer<uint8_t>>();
  file_.add({chunk.Data(), chunk.Length()});
  for (packets::CapturedPacket packet; file_.next(packet);) {
    if (!first_time_ns_.has_value()) begin(packet.time_ns);
    parser_.parse(packet, [this](const packets::ParsedPacket& parsed) { flows_->packet(parsed); });
  }
  return batch(info.Env());
}

Napi::Value FlowReaderObject::end(const Napi::CallbackInfo& info) {
  file_.end();
  flows_->finish();
  return batch(info.Env());
}

Napi::Value FlowReaderObject::counts(const Napi::CallbackInfo& info) {
  return flow_counts_object(info.Env(), AllFlowCounts(parser_, *flows_));
}

}  // namespace spanloom
