// SPDX-License-Identifier: Apache-2.0
#include "redactor-object.h"

#include <string>
#include <vector>

namespace spanloom {
namespace {

std::vector<std::string> texts_in(const Napi::Object& object, const char* key) {
  std::vector<std::string> texts;
  const Napi::Array array = object.Get(key).As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); index++) texts.push_back(array.Get(index).ToString());
  return texts;
}

redaction::Transport transport_from(const std::string& name) {
  if (name == "tcp") return redaction::Transport::kTcp;
  if (name == "udp") return redaction::Transport::kUdp;
  return name == "unix" ? redaction::Transport::kUnix : redaction::Transport::kUnknown;
}

}  // namespace

RedactionOptions redaction_options_from(const Napi::Object& object) {
  RedactionOptions options;
  options.patterns = texts_in(object, "patterns");
  options.names.headers = texts_in(object, "headers");
  options.names.parameters = texts_in(object, "parameters");
  for (const std::string& kind : texts_in(object, "values")) {
    if (kind == "url-parameters") options.names.whole.parameters = true;
    if (kind == "http-headers") options.names.whole.headers = true;
    if (kind == "sql-literals") options.names.whole.literals = true;
    if (kind == "cache-values") options.names.whole.arguments = true;
  }
  options.sends_unrecognised = object.Get("sendUnrecognised").ToBoolean();
  return options;
}

Napi::Function RedactorObject::define(Napi::Env env) {
  return DefineClass(env, "Redactor",
                     {InstanceMethod<&RedactorObject::redact>("redact"), InstanceMethod<&RedactorObject::forget>("forget")});
}

RedactorObject::RedactorObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RedactorObject>(info) {
  std::string error;
  redactor_ = Redactor::create(redaction_options_from(info[0].As<Napi::Object>()), error);
  if (redactor_ == nullptr) Napi::Error::New(info.Env(), error).ThrowAsJavaScriptException();
}

Napi::Value RedactorObject::redact(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Object object = info[0].As<Napi::Object>();
  const Napi::Buffer<uint8_t> payload = info[1].As<Napi::Buffer<uint8_t>>();
  const Napi::Value role = object.Get("localRole");
  SocketCall call{};
  call.socket_id = static_cast<uint64_t>(object.Get("socketId").ToNumber().Int64Value());
  call.transport = transport_from(object.Get("transport").ToString());
  call.role_is_known = role.IsString();
  call.local_is_client = call.role_is_known && role.ToString().Utf8Value() == "client";
  call.local_port = static_cast<uint16_t>(object.Get("localPort").ToNumber().Uint32Value());
  call.remote_port = static_cast<uint16_t>(object.Get("remotePort").ToNumber().Uint32Value());
  call.is_egress = object.Get("direction").ToString().Utf8Value() == "egress";
  call.starts_message = object.Get("startsMessage").ToBoolean();
  call.tcp_sequence = object.Get("tcpSequence").ToNumber().Uint32Value();
  call.length = static_cast<uint64_t>(object.Get("length").ToNumber().Int64Value());
  std::vector<redaction::Range> ranges;
  const size_t sent = redactor_->redact(call, payload.Data(), payload.Length(), ranges);
  Napi::Array pairs = Napi::Array::New(env, ranges.size() * 2);
  for (uint32_t index = 0; index < ranges.size(); index++) {
    pairs.Set(index * 2, ranges[index].offset);
    pairs.Set(index * 2 + 1, ranges[index].length);
  }
  Napi::Object outcome = Napi::Object::New(env);
  outcome.Set("length", static_cast<double>(sent));
  outcome.Set("redacted", pairs);
  return outcome;
}

void RedactorObject::forget(const Napi::CallbackInfo& info) {
  redactor_->forget(static_cast<uint64_t>(info[0].ToNumber().Int64Value()));
}

}  // namespace spanloom
