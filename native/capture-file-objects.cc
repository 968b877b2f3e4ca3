// SPDX-License-Identifier: Apache-2.0
#include "capture-file-objects.h"

#include <algorithm>

#include "block.h"
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

}  // namespace spanloom
