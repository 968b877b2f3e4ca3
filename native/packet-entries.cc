// SPDX-License-Identifier: Apache-2.0
#include "packet-entries.h"

#include <array>
#include <memory>
#include <optional>
#include <span>

#include "capture-file-objects.h"
#include "heap.h"
#include "packet-capture-object.h"
#include "packets/clock-offset.h"
#include "packets/network-lists.h"

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

// Names of interfaces, read as from the kernel; here a list of datagrams is what it answers to each question. Questions count from 1.
Napi::Value read_interface_names(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Array readings = info[0].As<Napi::Array>();
  packets::Known<packets::LinkList> known;
  const Napi::Array all = Napi::Array::New(env, readings.Length());
  for (uint32_t reading = 0; reading < readings.Length(); reading++) {
    const Napi::Array answers = readings.Get(reading).As<Napi::Array>();
    uint32_t question = 0;
    uint32_t next = 0;
    const auto ask = [&] {
      next = 0;
      return question < answers.Length() ? std::optional(++question) : std::nullopt;
    };
    const auto receive = [&]() -> std::span<const uint8_t> {
      const Napi::Array datagrams = answers.Get(question - 1).As<Napi::Array>();
      if (next >= datagrams.Length()) return {};
      const Napi::Buffer<uint8_t> datagram = datagrams.Get(next++).As<Napi::Buffer<uint8_t>>();
      return {datagram.Data(), datagram.Length()};
    };
    constexpr std::array kResults = {"whole", "interrupted", "failed"};
    const packets::ListResult result = packets::read_list(known, ask, receive);
    const Napi::Array names = Napi::Array::New(env);
    for (const auto& [index, link] : known.list.links) names.Set(names.Length(), link.interface.name);
    const Napi::Object object = Napi::Object::New(env);
    object.Set("result", kResults[static_cast<size_t>(result)]);
    object.Set("questions", question);
    object.Set("names", names);
    all.Set(reading, object);
  }
  return all;
}

// Offsets of the wall clock after each reading: three numbers of nanoseconds each, before, wall and after.
Napi::Value clock_offsets(const Napi::CallbackInfo& info) {
  const Napi::Array readings = info[0].As<Napi::Array>();
  packets::ClockOffset offset;
  const Napi::Array all = Napi::Array::New(info.Env(), readings.Length());
  for (uint32_t index = 0; index < readings.Length(); index++) {
    const Napi::Array reading = readings.Get(index).As<Napi::Array>();
    const auto number = [&](uint32_t of) { return reading.Get(of).As<Napi::Number>().Int64Value(); };
    offset.observe(number(0), number(1), number(2));
    all.Set(index, static_cast<double>(offset.ahead_ns()));
  }
  return all;
}

}  // namespace

void export_packet_entries(Napi::Env env, Napi::Object& exports) {
  exports.Set("createFrameReader", maker_of(env, FrameReaderObject::define(env)));
  exports.Set("createFlowReader", maker_of(env, FlowReaderObject::define(env)));
  exports.Set("startPacketCapture", starter_of(env, PacketCaptureObject::define(env)));
  exports.Set("checkPacketCapture", Napi::Function::New<check_packet_capture>(env));
  exports.Set("clockOffsets", Napi::Function::New<clock_offsets>(env));
  exports.Set("readInterfaceNames", Napi::Function::New<read_interface_names>(env));
}

}  // namespace spanloom
