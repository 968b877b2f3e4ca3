// SPDX-License-Identifier: Apache-2.0
//
// The addon's entries: arguments in, blocks out. The types of all this are in native/capture.ts; those for packets are in
// packet-entries.cc.
#include <fcntl.h>
#include <malloc.h>
#include <napi.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "control-groups.h"
#include "diagnose.h"
#include "elf-reader.h"
#include "encode.h"
#include "file-mappings.h"
#include "heap.h"
#include "inspector.h"
#include "kernel-programs.h"
#include "layout.h"
#include "napi-buffer.h"
#include "napi-environment.h"
#include "packet-entries.h"
#include "poller.h"
#include "redactor-object.h"
#include "runtimes/go-program.h"
#include "runtimes/python-program.h"
#include "watchdog.h"

namespace spanloom {
namespace {

void throw_error(Napi::Env env, const std::string& message) {
  Napi::Error::New(env, message).ThrowAsJavaScriptException();
}

uint32_t number_in(const Napi::Object& object, const char* key) {
  return static_cast<uint32_t>(object.Get(key).ToNumber().Int64Value());
}

Options options_from(const Napi::Object& object) {
  Options options;
  options.object_path = object.Get("objectPath").ToString();
  options.first_event_id = static_cast<uint64_t>(object.Get("firstEventId").ToNumber().Int64Value());
  options.payload_bytes = number_in(object, "payloadBytes");
  options.continuation_bytes = number_in(object, "continuationBytes");
  options.ring_bytes = number_in(object, "ringBytes");
  options.max_sockets = number_in(object, "maxSockets");
  options.poll_interval_ms = number_in(object, "pollIntervalMs");
  options.batch_interval_ms = number_in(object, "batchIntervalMs");
  options.max_unacknowledged_blocks = number_in(object, "maxUnacknowledgedBlocks");
  options.read_goroutines = object.Get("readGoroutines").ToBoolean();
  options.read_waiters = object.Get("readWaiters").ToBoolean();
  options.read_python = object.Get("readPython").ToBoolean();
  options.probe_python = object.Get("probePython").ToBoolean();
  options.trace_unix = object.Get("traceUnix").ToBoolean();
  options.read_virtual_threads = object.Get("readVirtualThreads").ToBoolean();
  options.read_wakes = object.Get("readWakes").ToBoolean();
  const Napi::Value redaction = object.Get("redaction");
  options.redact = redaction.IsObject();
  if (options.redact) options.redaction = redaction_options_from(redaction.As<Napi::Object>());
  const Napi::Array excluded = object.Get("excludedProcessIds").As<Napi::Array>();
  for (uint32_t index = 0; index < excluded.Length(); index++)
    options.excluded_process_ids.push_back(excluded.Get(index).ToNumber().Uint32Value());
  return options;
}

// Empty when the options are sound, else one sentence.
std::string problem_with(const Options& options) {
  if (options.first_event_id == 0 || options.first_event_id >= uint64_t{1} << 53)
    return "firstEventId must be from 1 to 2^53 - 1.";
  if (options.payload_bytes > SPANLOOM_MAX_PAYLOAD || options.continuation_bytes > SPANLOOM_MAX_PAYLOAD)
    return "payloadBytes and continuationBytes must be at most 4096.";
  if (options.ring_bytes < 4096 || (options.ring_bytes & (options.ring_bytes - 1)) != 0)
    return "ringBytes must be a power of two of at least 4096.";
  if (options.max_sockets == 0 || options.poll_interval_ms == 0 || options.max_unacknowledged_blocks == 0)
    return "maxSockets, pollIntervalMs and maxUnacknowledgedBlocks must be at least 1.";
  return "";
}

Napi::Object block_object(Napi::Env env, Block& block) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("eventCount", block.event_count);
  object.Set("events", buffer_from(env, block.events));
  object.Set("lastEventId", static_cast<double>(block.last_event_id));
  object.Set("baseMonotonicNs", static_cast<double>(block.base_monotonic_ns));
  object.Set("untilOffsetNs", static_cast<double>(static_cast<int64_t>(block.until_ns - block.base_monotonic_ns)));
  Napi::Object losses = Napi::Object::New(env);
  for (size_t reason = 0; reason < block.losses.size(); reason++)
    if (block.losses[reason] > 0) losses.Set(kLossNames[reason], static_cast<double>(block.losses[reason]));
  object.Set("losses", losses);
  Napi::Array processes = Napi::Array::New(env, block.processes.size());
  for (uint32_t index = 0; index < block.processes.size(); index++) {
    const SeenProcess& seen = block.processes[index];
    Napi::Object process = Napi::Object::New(env);
    process.Set("processId", seen.process_id);
    process.Set("startBoottimeNs", static_cast<double>(seen.start_boottime_ns));
    process.Set("name", seen.name);
    processes.Set(index, process);
  }
  object.Set("processes", processes);
  return object;
}

struct Instance {
  explicit Instance(Napi::Env env) : inspector(env) {}
  Napi::FunctionReference capture;
  Napi::FunctionReference redactor;
  Inspector inspector;
};

Inspector& inspector_of(Napi::Env env) { return env.GetInstanceData<Instance>()->inspector; }

// A running capture as JavaScript sees it. Lives as long as its JavaScript object.
class CaptureObject : public Napi::ObjectWrap<CaptureObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Capture",
                       {InstanceMethod<&CaptureObject::acknowledge>("acknowledge"),
                        InstanceMethod<&CaptureObject::exclude>("exclude"),
                        InstanceMethod<&CaptureObject::exclude_control_groups>("excludeControlGroups"),
                        InstanceMethod<&CaptureObject::inspect_programs>("inspectPrograms"),
                        InstanceMethod<&CaptureObject::progress>("progress"),
                        InstanceMethod<&CaptureObject::problems>("problems"),
                        InstanceMethod<&CaptureObject::statistics>("statistics"),
                        InstanceMethod<&CaptureObject::stop>("stop")});
  }

  explicit CaptureObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CaptureObject>(info) {}

  // The process ends without stop(): the thread must not outlive what it uses.
  ~CaptureObject() override { poller_.reset(); }

  void start(Napi::Env env, const Options& options, const Napi::Function& on_block) {
    std::string error = problem_with(options);
    std::unique_ptr<Redactor> redactor;
    if (error.empty() && options.redact) redactor = Redactor::create(options.redaction, error);
    if (error.empty()) programs_ = KernelPrograms::start(options, error);
    if (programs_ == nullptr) {
      throw_error(env, error);
      return;
    }
    blocks_ = BlockFunction::New(env, on_block, "spanloom-blocks", 0, 1, this);
    poller_ = std::make_unique<Poller>(options, *programs_, std::move(redactor), [this](std::unique_ptr<Block> block) {
      // When Node ends, the queue closes first; after that it must not be touched.
      if (is_closed_) return false;
      const napi_status status = blocks_.NonBlockingCall(block.get());
      if (status == napi_ok) block.release();
      is_closed_ = status == napi_closing;
      return status == napi_ok;
    });
  }

 private:
  // Runs on JavaScript's thread; a null block is the end.
  static void deliver(Napi::Env env, Napi::Function on_block, CaptureObject* self, Block* block) {
    const std::unique_ptr<Block> owned(block);
    if (!can_run_javascript(env)) return;
    if (owned != nullptr) {
      on_block.Call({block_object(env, *owned)});
      // What takes blocks catches whatever is thrown there. Should something come through all the same, the block is done
      // with: its credit must not be lost, and nobody is above this function to catch anything.
      if (env.IsExceptionPending()) {
        env.GetAndClearPendingException();
        self->undelivered_blocks_++;
        if (self->poller_ != nullptr) self->poller_->acknowledge(1);
      }
    } else if (self->stopped_ != nullptr) {
      self->stopped_->Resolve(env.Undefined());
      self->stopped_.reset();
      self->Unref();
    }
  }
  using BlockFunction = Napi::TypedThreadSafeFunction<CaptureObject, Block, deliver>;

  void acknowledge(const Napi::CallbackInfo& info) {
    if (poller_ != nullptr) poller_->acknowledge(info[0].ToNumber().Uint32Value());
  }

  Napi::Value exclude(const Napi::CallbackInfo& info) {
    const bool is_excluded = programs_ != nullptr && programs_->exclude(info[0].ToNumber().Uint32Value());
    return Napi::Boolean::New(info.Env(), is_excluded);
  }

  Napi::Value exclude_control_groups(const Napi::CallbackInfo& info) {
    const Napi::Array paths = info[0].As<Napi::Array>();
    Napi::Array missing = Napi::Array::New(info.Env());
    std::vector<Descriptor> groups;
    for (uint32_t index = 0; index < paths.Length(); index++) {
      const std::string path = paths.Get(index).ToString();
      Descriptor group = open_control_group(path);
      if (group.is_open() && groups.size() < SPANLOOM_EXCLUDED_GROUPS) groups.push_back(std::move(group));
      else missing.Set(missing.Length(), path);
    }
    if (programs_ != nullptr) programs_->exclude_control_groups(groups);
    return missing;
  }

  Napi::Value inspect_programs(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    if (programs_ != nullptr)
      return inspector_of(env).inspect_programs(env, programs_->loop_probes(), programs_->runtimes(),
                                                info[0].ToNumber().Uint32Value(), info[1].ToBoolean());
    const Napi::Promise::Deferred nothing(env);
    nothing.Resolve(env.Undefined());
    return nothing.Promise();
  }

  Napi::Value progress(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    Napi::Object object = Napi::Object::New(env);
    const bool runs = programs_ != nullptr && poller_ != nullptr;
    const uint64_t lost = runs ? programs_->state().losses[SPANLOOM_RING_FULL] : 0;
    object.Set("producedBytes", static_cast<double>(runs ? programs_->produced_bytes() : 0));
    object.Set("consumedBytes", static_cast<double>(runs ? programs_->consumed_bytes() : 0));
    object.Set("ringFull", static_cast<double>(lost));
    object.Set("unacknowledgedBlocks", static_cast<double>(runs ? poller_->unacknowledged() : 0));
    object.Set("failedBlocks", static_cast<double>(undelivered_blocks_));
    object.Set("hangingInspections", static_cast<double>(inspector_of(env).tend()));
    return object;
  }

  Napi::Value problems(const Napi::CallbackInfo& info) {
    Napi::Array all = Napi::Array::New(info.Env());
    if (programs_ == nullptr) return all;
    for (const std::string& problem : programs_->problems()) all.Set(all.Length(), problem);
    return all;
  }

  Napi::Value statistics(const Napi::CallbackInfo& info) {
    Napi::Array all = Napi::Array::New(info.Env());
    if (programs_ == nullptr) return all;
    for (const ProgramStatistics& program : programs_->statistics()) {
      Napi::Object object = Napi::Object::New(info.Env());
      object.Set("program", program.name);
      object.Set("runs", static_cast<double>(program.runs));
      object.Set("runTimeNs", static_cast<double>(program.run_time_ns));
      all.Set(all.Length(), object);
    }
    return all;
  }

  Napi::Value stop(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    auto stopped = std::make_unique<Napi::Promise::Deferred>(env);
    const Napi::Promise promise = stopped->Promise();
    if (poller_ == nullptr) {
      stopped->Resolve(env.Undefined());
      return promise;
    }
    // Blocks still on their way refer to this object.
    Ref();
    stopped_ = std::move(stopped);
    programs_->detach();
    poller_.reset();
    programs_.reset();
    if (!is_closed_) {
      blocks_.NonBlockingCall(nullptr);
      blocks_.Release();
    }
    return promise;
  }

  std::unique_ptr<KernelPrograms> programs_;
  std::unique_ptr<Poller> poller_;
  BlockFunction blocks_;
  // Written by the poller's thread, and read elsewhere only when that has ended.
  bool is_closed_ = false;
  // Blocks that JavaScript threw at.
  uint64_t undelivered_blocks_ = 0;
  std::unique_ptr<Napi::Promise::Deferred> stopped_;
};

Napi::Value start_capture(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return_freed_memory();
  const Options options = options_from(info[0].As<Napi::Object>());
  const Napi::Object object = env.GetInstanceData<Instance>()->capture.New({});
  CaptureObject::Unwrap(object)->start(env, options, info[1].As<Napi::Function>());
  return object;
}

Napi::Value create_redactor(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Instance>()->redactor.New({info[0]});
}

Napi::Value check(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const KernelCheck result = check_kernel(info[0].ToString(), info[1].ToString());
  Napi::Array programs = Napi::Array::New(env);
  for (const ProgramCheck& program : result.programs) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("name", program.name);
    object.Set("loaded", program.loaded);
    object.Set("attached", program.attached);
    if (!program.error.empty()) object.Set("error", program.error);
    programs.Set(programs.Length(), object);
  }
  Napi::Array missing = Napi::Array::New(env);
  for (const std::string& sentence : result.missing) missing.Set(missing.Length(), sentence);
  Napi::Object object = Napi::Object::New(env);
  object.Set("programs", programs);
  object.Set("missing", missing);
  return object;
}

// Records as they are in the ring buffer, one after the other, to Avro: for the test against the reference.
Napi::Value encode_events(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Buffer<uint8_t> records = info[0].As<Napi::Buffer<uint8_t>>();
  const uint64_t base = static_cast<uint64_t>(info[1].ToNumber().Int64Value());
  const std::vector<redaction::Range> nothing_redacted;
  Bytes out;
  for (size_t offset = 0; offset + sizeof(spanloom_event) <= records.Length();) {
    spanloom_event event;
    memcpy(&event, records.Data() + offset, sizeof(event));
    offset += sizeof(event);
    const size_t carried = event.payload_length + event.path_length;
    if (offset + carried > records.Length()) break;
    encode_event(event, {records.Data() + offset, event.payload_length, nothing_redacted}, base, out);
    offset += carried;
  }
  return buffer_from(env, out);
}

// The bytes of a file of ours: for the tests of the reader.
class BufferBytes : public ByteSource {
 public:
  explicit BufferBytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  size_t read(uint64_t offset, std::span<uint8_t> into) const override {
    if (offset >= bytes_.size()) return 0;
    const size_t size = std::min<size_t>(into.size(), bytes_.size() - offset);
    memcpy(into.data(), bytes_.data() + offset, size);
    return size;
  }

 private:
  const std::span<const uint8_t> bytes_;
};

Napi::Value find_function_in(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Buffer<uint8_t> bytes = info[0].As<Napi::Buffer<uint8_t>>();
  const std::string name = info[1].ToString();
  const std::array<std::string_view, 1> names = {name};
  const FunctionSearch search = find_function(BufferBytes({bytes.Data(), bytes.Length()}), names);
  if (!search.file_offset.has_value()) return env.Undefined();
  return Napi::Number::New(env, static_cast<double>(*search.file_offset));
}

Napi::Value find_go_in(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Buffer<uint8_t> bytes = info[0].As<Napi::Buffer<uint8_t>>();
  const GoSearch search = find_go(BufferBytes({bytes.Data(), bytes.Length()}));
  if (!search.program.has_value()) return env.Undefined();
  const GoProgram& program = *search.program;
  Napi::Object object = Napi::Object::New(env);
  object.Set("version", program.version);
  if (program.runtime.is_readable) object.Set("distance", static_cast<double>(program.runtime.go.g_distance));
  else object.Set("problem", program.problem);
  return object;
}

Napi::Value find_python_in(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Buffer<uint8_t> bytes = info[0].As<Napi::Buffer<uint8_t>>();
  const PythonSearch search = find_python(BufferBytes({bytes.Data(), bytes.Length()}));
  Napi::Object object = Napi::Object::New(env);
  if (search.program.has_value()) {
    object.Set("version", search.program->version);
    object.Set("hasCopy", search.program->copy_offset.has_value());
    if (search.program->offsets == nullptr) object.Set("problem", search.program->problem);
  } else if (!search.library.empty()) {
    object.Set("library", search.library);
  } else {
    return env.Undefined();
  }
  object.Set("isMusl", search.is_musl);
  return object;
}

Napi::Value find_java_in(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Buffer<uint8_t> bytes = info[0].As<Napi::Buffer<uint8_t>>();
  const JavaLibrarySearch search = find_java(BufferBytes({bytes.Data(), bytes.Length()}));
  if (!search.library.has_value()) return env.Undefined();
  const JavaLibrary& library = *search.library;
  Napi::Object object = Napi::Object::New(env);
  object.Set("module", static_cast<double>(library.module));
  object.Set("currentThread", static_cast<double>(library.current_thread));
  object.Set("threadMethods", static_cast<double>(library.thread_methods));
  if (!library.problem.empty()) object.Set("problem", library.problem);
  return object;
}

Napi::Value read_process_memory_of(const Napi::CallbackInfo& info) {
  return inspector_of(info.Env()).read_memory(info.Env(), info[0].ToNumber().Uint32Value());
}

Napi::Value read_mac_addresses(const Napi::CallbackInfo& info) {
  return inspector_of(info.Env()).read_mac_addresses(info.Env(), info[0].ToNumber().Uint32Value());
}

// What was freed between blocks that are in use stays with glibc otherwise.
Napi::Value trim_heap(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), malloc_trim(0) == 1);
}

Napi::Value missing_requirements_of(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Napi::Array sentences = Napi::Array::New(env);
  for (const std::string& sentence : missing_requirements()) sentences.Set(sentences.Length(), sentence);
  return sentences;
}

Napi::Value page_out(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), static_cast<double>(page_out_file(info[0].ToString())));
}

Napi::Object layout_object(Napi::Env env, const Layout& layout) {
  Napi::Object object = Napi::Object::New(env);
  for (const auto& [name, offset] : layout) object.Set(name, offset);
  return object;
}

Napi::Value layouts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string error;
  const Layout of_object = object_layout(info[0].ToString(), error);
  if (!error.empty()) {
    throw_error(env, error);
    return env.Undefined();
  }
  Napi::Object both = Napi::Object::New(env);
  both.Set("compiled", layout_object(env, compiled_layout()));
  both.Set("object", layout_object(env, of_object));
  return both;
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  auto* instance = new Instance(env);
  instance->capture = Napi::Persistent(CaptureObject::define(env));
  instance->redactor = Napi::Persistent(RedactorObject::define(env));
  env.SetInstanceData(instance);
  exports.Set("startCapture", Napi::Function::New<start_capture>(env));
  exports.Set("checkKernel", Napi::Function::New<check>(env));
  exports.Set("missingRequirements", Napi::Function::New<missing_requirements_of>(env));
  exports.Set("createRedactor", Napi::Function::New<create_redactor>(env));
  exports.Set("encodeEvents", Napi::Function::New<encode_events>(env));
  exports.Set("findFunction", Napi::Function::New<find_function_in>(env));
  exports.Set("findGo", Napi::Function::New<find_go_in>(env));
  exports.Set("findPython", Napi::Function::New<find_python_in>(env));
  exports.Set("findJava", Napi::Function::New<find_java_in>(env));
  exports.Set("readMacAddresses", Napi::Function::New<read_mac_addresses>(env));
  exports.Set("readProcessMemory", Napi::Function::New<read_process_memory_of>(env));
  exports.Set("trimHeap", Napi::Function::New<trim_heap>(env));
  exports.Set("pageOutFile", Napi::Function::New<page_out>(env));
  exports.Set("startWatchdog", Napi::Function::New<start_watchdog>(env));
  exports.Set("endAtOnce", Napi::Function::New<end_at_once>(env));
  exports.Set("layouts", Napi::Function::New<layouts>(env));
  export_packet_entries(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(spanloom_capture, initialize)

}  // namespace spanloom
