// SPDX-License-Identifier: Apache-2.0
//
// Capture files as JavaScript sees them: types in native/packets/capture-files.ts.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "packets/capture-file.h"
#include "packets/encode-flow.h"
#include "packets/flow-tracker.h"
#include "packets/fragments.h"
#include "packets/packet-parser.h"

namespace spanloom {

// The frames of a capture file, one by one: createFrameReader() of native/load.ts.
class FrameReaderObject : public Napi::ObjectWrap<FrameReaderObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit FrameReaderObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<FrameReaderObject>(info) {}

 private:
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value end(const Napi::CallbackInfo& info);

  packets::CaptureFileReader file_;
  packets::Fragments fragments_;
  packets::Frame frame_;
  int64_t now_ns_ = 0;
};

// The flows in a capture file: createFlowReader() of native/load.ts.
class FlowReaderObject : public Napi::ObjectWrap<FlowReaderObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit FlowReaderObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value read(const Napi::CallbackInfo& info);
  Napi::Value end(const Napi::CallbackInfo& info);
  Napi::Value counts(const Napi::CallbackInfo& info);
  void begin(int64_t time_ns);
  Napi::Value batch(Napi::Env env);
  Napi::Value interfaces(Napi::Env env);

  packets::CaptureFileReader file_;
  packets::PacketParser parser_;
  std::unique_ptr<packets::FlowEncoder> encoder_;
  std::unique_ptr<packets::FlowTracker> flows_;
  // Ids that follow from the time of the first packet.
  bool has_own_ids_ = false;
  std::optional<int64_t> first_time_ns_;
  size_t known_interfaces_ = 0;
  uint64_t known_sections_ = 0;
};

}  // namespace spanloom
