// SPDX-License-Identifier: Apache-2.0
#include "packet-capture-object.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/socket.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "descriptor.h"
#include "flow-objects.h"
#include "packets/network-namespace.h"

namespace spanloom {
namespace {

std::vector<std::string> texts_in(const Napi::Object& object, const char* key) {
  std::vector<std::string> texts;
  const Napi::Array array = object.Get(key).As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); index++) texts.push_back(array.Get(index).ToString());
  return texts;
}

uint32_t number_in(const Napi::Object& object, const char* key) {
  return static_cast<uint32_t>(object.Get(key).ToNumber().Int64Value());
}

packets::Address address_from(const std::string& text) {
  packets::Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) address.size = 4;
  else if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) address.size = 16;
  return address;
}

packets::PacketCaptureOptions options_from(const Napi::Object& object) {
  packets::PacketCaptureOptions options;
  options.interfaces = texts_in(object, "interfaces");
  options.namespaces = texts_in(object, "namespaces");
  options.filter.expression = object.Get("filter").ToString();
  options.filter.snap_length = number_in(object, "snapLength");
  const Napi::Array excluded = object.Get("excluded").As<Napi::Array>();
  for (uint32_t index = 0; index < excluded.Length(); index++) {
    const Napi::Object end = excluded.Get(index).As<Napi::Object>();
    options.filter.excluded.push_back(
        {address_from(end.Get("address").ToString()), static_cast<uint16_t>(number_in(end, "port"))});
  }
  options.ring_bytes = number_in(object, "ringBytes");
  options.first_segment_id = static_cast<uint64_t>(object.Get("firstSegmentId").ToNumber().Int64Value());
  options.flows = flow_options_from(object.Get("flows").As<Napi::Object>());
  options.batch_interval_ms = number_in(object, "batchIntervalMs");
  options.max_unacknowledged_blocks = number_in(object, "maxUnacknowledgedBlocks");
  return options;
}

Napi::Buffer<uint8_t> bytes_value(Napi::Env env, const uint8_t* bytes, size_t size) {
  return Napi::Buffer<uint8_t>::Copy(env, bytes, size);
}

Napi::Array addresses_value(Napi::Env env, const std::vector<packets::Address>& addresses) {
  const Napi::Array all = Napi::Array::New(env, addresses.size());
  for (uint32_t index = 0; index < addresses.size(); index++)
    all.Set(index, bytes_value(env, addresses[index].bytes.data(), addresses[index].size));
  return all;
}

Napi::Array texts_value(Napi::Env env, const std::vector<std::string>& texts) {
  const Napi::Array all = Napi::Array::New(env, texts.size());
  for (uint32_t index = 0; index < texts.size(); index++) all.Set(index, texts[index]);
  return all;
}

Napi::Array interfaces_value(Napi::Env env, const std::vector<packets::NetworkInterface>& interfaces) {
  const Napi::Array all = Napi::Array::New(env, interfaces.size());
  for (uint32_t index = 0; index < interfaces.size(); index++) {
    const packets::NetworkInterface& each = interfaces[index];
    const Napi::Object object = Napi::Object::New(env);
    object.Set("networkNamespace", static_cast<double>(each.id.network_namespace));
    object.Set("index", static_cast<double>(each.id.index));
    object.Set("name", each.name);
    object.Set("kind", packets::kInterfaceKindNames[static_cast<size_t>(each.kind)]);
    object.Set("macAddress", bytes_value(env, each.mac_address.data(), each.mac_address.size()));
    object.Set("addresses", addresses_value(env, each.addresses));
    object.Set("peerAddresses", addresses_value(env, each.peer_addresses));
    all.Set(index, object);
  }
  return all;
}

}  // namespace

Napi::Function PacketCaptureObject::define(Napi::Env env) {
  return DefineClass(env, "PacketCapture",
                     {InstanceMethod<&PacketCaptureObject::acknowledge>("acknowledge"),
                      InstanceMethod<&PacketCaptureObject::progress>("progress"),
                      InstanceMethod<&PacketCaptureObject::stop>("stop")});
}

void PacketCaptureObject::start(Napi::Env env, const Napi::Object& object, const Napi::Function& on_block) {
  const packets::PacketCaptureOptions options = options_from(object);
  std::string error;
  auto redactor = flow_redactor_from(object.Get("flows").As<Napi::Object>(), error);
  on_block_ = Napi::Persistent(on_block);
  mailbox_ = Mailbox::create(env);
  if (error.empty())
    capture_ = packets::PacketCapture::start(
        options, std::move(redactor),
        [this, mailbox = mailbox_](std::unique_ptr<packets::PacketBlock> block) {
          mailbox->post([this, block = std::shared_ptr(std::move(block))](Napi::Env to) { deliver(to, *block); });
        },
        error);
  if (capture_ == nullptr) Napi::Error::New(env, error).ThrowAsJavaScriptException();
  // Blocks on their way refer to this object until it is stopped.
  else Ref();
}

// Runs on JavaScript's thread.
void PacketCaptureObject::deliver(Napi::Env env, packets::PacketBlock& block) {
  const Napi::HandleScope scope(env);
  const uint32_t records = block.flows.segment_count + block.flows.interval_count;
  const Napi::Object object = flow_block_object(env, block.flows);
  const Napi::Object losses = Napi::Object::New(env);
  if (block.packets_dropped > 0) losses.Set("packets_dropped", static_cast<double>(block.packets_dropped));
  if (block.undelivered > 0) losses.Set("undelivered", static_cast<double>(block.undelivered));
  object.Set("losses", losses);
  if (block.interfaces.has_value()) object.Set("interfaces", interfaces_value(env, *block.interfaces));
  on_block_.Call({object});
  if (!env.IsExceptionPending()) return;
  // What takes blocks catches what is thrown there. If something comes through all the same, the block is lost, its credit is not.
  env.GetAndClearPendingException();
  failed_blocks_++;
  if (capture_ == nullptr) return;
  capture_->lose(records);
  capture_->acknowledge(1);
}

void PacketCaptureObject::acknowledge(const Napi::CallbackInfo& info) {
  if (capture_ != nullptr) capture_->acknowledge(info[0].ToNumber().Uint32Value());
}

Napi::Value PacketCaptureObject::progress(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const packets::PacketProgress now = capture_ == nullptr ? last_progress_ : capture_->progress();
  const Napi::Object object = Napi::Object::New(env);
  object.Set("received", static_cast<double>(now.received));
  object.Set("read", static_cast<double>(now.read));
  object.Set("dropped", static_cast<double>(now.dropped));
  object.Set("unacknowledgedBlocks", static_cast<double>(now.unacknowledged_blocks));
  object.Set("failedBlocks", static_cast<double>(failed_blocks_));
  object.Set("interfaces", texts_value(env, now.captured));
  object.Set("problems", texts_value(env, now.problems));
  AllFlowCounts counts;
  counts.frames = now.frames;
  counts.fragments = now.fragments;
  counts.flows = now.flows;
  counts.open_flows = now.open_flows;
  counts.held_bytes = now.held_bytes;
  object.Set("counts", flow_counts_object(env, counts));
  return object;
}

// The thread takes up to a fifth of a second for what the kernel has not handed over: it is waited for elsewhere.
Napi::Value PacketCaptureObject::stop(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto stopped = std::make_shared<Napi::Promise::Deferred>(env);
  const Napi::Promise promise = stopped->Promise();
  if (capture_ == nullptr) {
    stopped->Resolve(env.Undefined());
    return promise;
  }
  // The capture's thread cannot join itself, and its last blocks are in the mailbox before the letter that ends it all.
  std::thread([this, stopped, mailbox = mailbox_] {
    capture_->stop();
    mailbox->post([this, stopped](Napi::Env to) {
      last_progress_ = capture_->progress();
      capture_.reset();
      stopped->Resolve(to.Undefined());
      Unref();
    });
  }).detach();
  return promise;
}

Napi::Value check_packet_capture(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  const packets::NetworkNamespace own = packets::NetworkNamespace::own();
  // Entering the namespace in which a thread is takes the same right, and changes nothing.
  bool can_enter = false;
  std::thread([&] { can_enter = own.is_open() && setns(own.descriptor(), CLONE_NEWNET) == 0; }).join();
  const Napi::Object object = Napi::Object::New(env);
  object.Set("canCapture", socket.is_open());
  object.Set("canEnterNamespaces", can_enter);
  object.Set("canCompileFilters", packets::has_libpcap());
  return object;
}

}  // namespace spanloom
