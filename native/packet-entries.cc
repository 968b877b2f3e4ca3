// SPDX-License-Identifier: Apache-2.0
#include "packet-entries.h"

#include <memory>

#include "capture-file-objects.h"
#include "heap.h"
#include "packet-capture-object.h"

namespace spanloom {
namespace {

// A class as long as a function refers to it.
std::shared_ptr<Napi::FunctionReference> kept(const Napi::Function& definition) {
  return std::make_shared<Napi::FunctionReference>(Napi::Persistent(definition));
}

// A function that makes an object of a class.
Napi::Function maker_of(Napi::Env env, const Napi::Function& definition) {
  return Napi::Function::New(
      env, [type = kept(definition)](const Napi::CallbackInfo& info) -> Napi::Value { return type->New({info[0]}); });
}

Napi::Function starter_of(Napi::Env env, const Napi::Function& definition) {
  return Napi::Function::New(env, [type = kept(definition)](const Napi::CallbackInfo& info) -> Napi::Value {
    return_freed_memory();
    const Napi::Object object = type->New({});
    PacketCaptureObject::Unwrap(object)->start(info.Env(), info[0].As<Napi::Object>(), info[1].As<Napi::Function>());
    return object;
  });
}

}  // namespace

void export_packet_entries(Napi::Env env, Napi::Object& exports) {
  exports.Set("createFrameReader", maker_of(env, FrameReaderObject::define(env)));
  exports.Set("createFlowReader", maker_of(env, FlowReaderObject::define(env)));
  exports.Set("startPacketCapture", starter_of(env, PacketCaptureObject::define(env)));
  exports.Set("checkPacketCapture", Napi::Function::New<check_packet_capture>(env));
}

}  // namespace spanloom
