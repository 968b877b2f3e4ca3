// SPDX-License-Identifier: Apache-2.0
//
// A running capture of packets as JavaScript sees it: types in native/packets/packet-capture.ts.
#pragma once

#include <napi.h>

#include <memory>

#include "mailbox.h"
#include "packets/packet-capture.h"

namespace spanloom {

class PacketCaptureObject : public Napi::ObjectWrap<PacketCaptureObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit PacketCaptureObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<PacketCaptureObject>(info) {}
  // The process ends without stop(): the thread must not outlive what it uses.
  ~PacketCaptureObject() override { capture_.reset(); }

  // Throws in JavaScript where the options are not valid or this process may not capture.
  void start(Napi::Env env, const Napi::Object& options, const Napi::Function& on_block);

 private:
  void deliver(Napi::Env env, packets::PacketBlock& block);
  void acknowledge(const Napi::CallbackInfo& info);
  Napi::Value progress(const Napi::CallbackInfo& info);
  Napi::Value stop(const Napi::CallbackInfo& info);

  std::shared_ptr<Mailbox> mailbox_;
  Napi::FunctionReference on_block_;
  uint64_t failed_blocks_ = 0;
  std::unique_ptr<packets::PacketCapture> capture_;
  // Of a capture that was stopped.
  packets::PacketProgress last_progress_;
};

// checkPacketCapture(): what works here, and what is missing.
Napi::Value check_packet_capture(const Napi::CallbackInfo& info);

}  // namespace spanloom
