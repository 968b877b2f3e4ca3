// SPDX-License-Identifier: Apache-2.0
#include "inspector.h"

#include <optional>
#include <string>
#include <vector>

#include "network-links.h"
#include "process-memory.h"

namespace spanloom {
namespace {

using Deferred = std::shared_ptr<Napi::Promise::Deferred>;

Napi::Object inspection_object(Napi::Env env, const LoopInspection& inspection, const RuntimeInspection& runtime) {
  Napi::Array files = Napi::Array::New(env, inspection.files.size());
  for (uint32_t index = 0; index < inspection.files.size(); index++) {
    const LoopInspection::File& file = inspection.files[index];
    Napi::Object object = Napi::Object::New(env);
    object.Set("path", file.path);
    object.Set("probes", file.probes);
    if (!file.error.empty()) object.Set("error", file.error);
    files.Set(index, object);
  }
  Napi::Object object = Napi::Object::New(env);
  object.Set("files", files);
  object.Set("leftOut", static_cast<double>(inspection.left_out + (runtime.is_left_out ? 1 : 0)));
  if (runtime.found.has_value()) {
    Napi::Object found = Napi::Object::New(env);
    found.Set("path", runtime.found->path);
    found.Set("version", runtime.found->version);
    if (!runtime.found->problem.empty()) found.Set("problem", runtime.found->problem);
    if (!runtime.found->probe_problem.empty()) found.Set("probeProblem", runtime.found->probe_problem);
    object.Set("runtime", found);
  }
  return object;
}

Napi::Object memory_object(Napi::Env env, const ProcessMemory& memory) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("commandLine", Napi::Buffer<char>::Copy(env, memory.command_line.data(), memory.command_line.size()));
  object.Set("environment", Napi::Buffer<char>::Copy(env, memory.environment.data(), memory.environment.size()));
  return object;
}

}  // namespace

Napi::Promise Inspector::inspect_programs(Napi::Env env, std::shared_ptr<LoopProbes> probes,
                                          std::shared_ptr<Runtimes> runtimes, uint32_t process_id,
                                          bool with_libraries) {
  const Deferred deferred = std::make_shared<Napi::Promise::Deferred>(env);
  const std::optional<uint32_t> user = real_user_of(process_id);
  const auto job = [mailbox = mailbox_, deferred, probes, runtimes, process_id, user, with_libraries] {
    // The runtime first: its contexts are wrong until it is known.
    RuntimeInspection runtime;
    if (runtimes != nullptr) runtime = runtimes->inspect(process_id, user.value_or(0), with_libraries);
    auto loops = std::make_shared<LoopInspection>(probes->inspect(process_id, user.value_or(0), with_libraries));
    mailbox->post([deferred, loops, runtime](Napi::Env in) { deferred->Resolve(inspection_object(in, *loops, runtime)); });
  };
  if (!user.has_value() || !pool_.submit(*user, job)) deferred->Resolve(env.Undefined());
  return deferred->Promise();
}

Napi::Promise Inspector::read_memory(Napi::Env env, uint32_t process_id) {
  const Deferred deferred = std::make_shared<Napi::Promise::Deferred>(env);
  const std::optional<uint32_t> user = real_user_of(process_id);
  const auto job = [mailbox = mailbox_, deferred, process_id] {
    auto memory = std::make_shared<ProcessMemory>(read_process_memory(process_id));
    mailbox->post([deferred, memory](Napi::Env in) { deferred->Resolve(memory_object(in, *memory)); });
  };
  if (!user.has_value() || !pool_.submit(*user, job)) deferred->Resolve(env.Undefined());
  return deferred->Promise();
}

Napi::Promise Inspector::read_mac_addresses(Napi::Env env, uint32_t process_id) {
  const Deferred deferred = std::make_shared<Napi::Promise::Deferred>(env);
  const std::optional<uint32_t> user = real_user_of(process_id);
  const auto job = [mailbox = mailbox_, deferred, process_id] {
    auto addresses = std::make_shared<std::vector<std::string>>(mac_addresses_of(process_id));
    mailbox->post([deferred, addresses](Napi::Env in) {
      Napi::Array all = Napi::Array::New(in, addresses->size());
      for (uint32_t index = 0; index < addresses->size(); index++) all.Set(index, (*addresses)[index]);
      deferred->Resolve(all);
    });
  };
  if (!user.has_value() || !pool_.submit(*user, job)) deferred->Resolve(env.Undefined());
  return deferred->Promise();
}

size_t Inspector::tend() {
  pool_.tend();
  return pool_.hanging();
}

}  // namespace spanloom
