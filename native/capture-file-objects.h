// SPDX-License-Identifier: Apache-2.0
//
// Capture files as JavaScript sees them: types in native/packets/capture-files.ts.
#pragma once

#include <napi.h>

#include "packets/capture-file.h"
#include "packets/fragments.h"

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

}  // namespace spanloom
