// SPDX-License-Identifier: Apache-2.0
//
// The only file that knows N-API: arguments in, blocks out. The types of all this are in native/capture.ts.
#include <malloc.h>
#include <napi.h>

#include <memory>
#include <string>

#include "check.h"
#include "encode.h"
#include "file-mappings.h"
#include "kernel-programs.h"
#include "layout.h"
#include "poller.h"
#include "redactor-object.h"
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

Napi::Buffer<uint8_t> buffer_from(Napi::Env env, Bytes& bytes) {
  const size_t size = bytes.size();
  if (size == 0) return Napi::Buffer<uint8_t>::New(env, 0);
  return Napi::Buffer<uint8_t>::NewOrCopy(env, bytes.release(), size, [](Napi::Env, uint8_t* data) { delete[] data; });
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

// A running capture as JavaScript sees it. Lives as long as its JavaScript object.
class CaptureObject : public Napi::ObjectWrap<CaptureObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Capture",
                       {InstanceMethod<&CaptureObject::acknowledge>("acknowledge"),
                        InstanceMethod<&CaptureObject::exclude>("exclude"),
                        InstanceMethod<&CaptureObject::attach_loop_probes>("attachLoopProbes"),
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
      if (is_closed_) return;
      const napi_status status = blocks_.NonBlockingCall(block.get());
      if (status == napi_ok) block.release();
      is_closed_ = status == napi_closing;
    });
  }

 private:
  // Runs on JavaScript's thread; a null block is the end.
  static void deliver(Napi::Env env, Napi::Function on_block, CaptureObject* self, Block* block) {
    const std::unique_ptr<Block> owned(block);
    if (env == nullptr) return;
    if (owned != nullptr) {
      on_block.Call({block_object(env, *owned)});
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

  void exclude(const Napi::CallbackInfo& info) {
    if (programs_ != nullptr && !programs_->exclude(info[0].ToNumber().Uint32Value()))
      throw_error(info.Env(), "No room to exclude one more process: 4096 that still run are excluded already.");
  }

  Napi::Value attach_loop_probes(const Napi::CallbackInfo& info) {
    if (programs_ == nullptr) return Napi::Number::New(info.Env(), 0);
    std::string error;
    const int attached = programs_->attach_loop_probes(info[0].ToString(), error);
    if (attached < 0) throw_error(info.Env(), error);
    return Napi::Number::New(info.Env(), attached);
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
  std::unique_ptr<Napi::Promise::Deferred> stopped_;
};

struct Classes {
  Napi::FunctionReference capture;
  Napi::FunctionReference redactor;
};

// Blocks come and go by the megabyte in several threads. With its defaults glibc keeps an arena for each thread and holds
// on to what was freed: a third more memory, measured by bench/collector.ts, for a processor time within its noise.
void return_freed_memory() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

Napi::Value start_capture(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return_freed_memory();
  const Options options = options_from(info[0].As<Napi::Object>());
  const Napi::Object object = env.GetInstanceData<Classes>()->capture.New({});
  CaptureObject::Unwrap(object)->start(env, options, info[1].As<Napi::Function>());
  return object;
}

Napi::Value create_redactor(const Napi::CallbackInfo& info) {
  return info.Env().GetInstanceData<Classes>()->redactor.New({info[0]});
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
    if (offset + event.payload_length > records.Length()) break;
    encode_event(event, {records.Data() + offset, event.payload_length, nothing_redacted}, base, out);
    offset += event.payload_length;
  }
  return buffer_from(env, out);
}

// What was freed between blocks that are in use stays with glibc otherwise.
Napi::Value trim_heap(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), malloc_trim(0) == 1);
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
  auto* classes = new Classes();
  classes->capture = Napi::Persistent(CaptureObject::define(env));
  classes->redactor = Napi::Persistent(RedactorObject::define(env));
  env.SetInstanceData(classes);
  exports.Set("startCapture", Napi::Function::New<start_capture>(env));
  exports.Set("checkKernel", Napi::Function::New<check>(env));
  exports.Set("createRedactor", Napi::Function::New<create_redactor>(env));
  exports.Set("encodeEvents", Napi::Function::New<encode_events>(env));
  exports.Set("trimHeap", Napi::Function::New<trim_heap>(env));
  exports.Set("pageOutFile", Napi::Function::New<page_out>(env));
  exports.Set("startWatchdog", Napi::Function::New<start_watchdog>(env));
  exports.Set("layouts", Napi::Function::New<layouts>(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(spanloom_capture, initialize)

}  // namespace spanloom
