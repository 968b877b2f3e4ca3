// SPDX-License-Identifier: Apache-2.0
#include "kernel-programs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <deque>

#include "diagnose.h"
#include "process-start.h"

namespace spanloom {
namespace {

// Kernels before 5.11 charge maps to this limit.
void raise_locked_memory_limit() {
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

// bpf_rdonly_cast() is there since 6.2. Only a constant can hide a missing function from the verifier.
bool kernel_has_read_only_cast() {
  btf* kernel = btf__load_vmlinux_btf();
  if (kernel == nullptr) return false;
  const bool found = btf__find_by_name_kind(kernel, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
  btf__free(kernel);
  return found;
}

// The initial value of a map that holds one variable.
template <typename Variable>
Variable* variable_of(const bpf_object* object, const char* map_name) {
  bpf_map* map = bpf_object__find_map_by_name(object, map_name);
  size_t size = 0;
  void* value = map == nullptr ? nullptr : const_cast<void*>(bpf_map__initial_value(map, &size));
  return size == sizeof(Variable) ? static_cast<Variable*>(value) : nullptr;
}

bool is_many(const bpf_program* program) {
  const std::string name = bpf_program__name(program);
  return name == "on_recvmmsg" || name == "on_sendmmsg";
}

// What it sees are hints only.
bool is_dispensable(const bpf_program* program) { return strcmp(bpf_program__name(program), "on_waking") == 0; }

}  // namespace

bool attaches_itself(const bpf_program* program) {
  return bpf_program__expected_attach_type(program) == BPF_TRACE_RAW_TP && !is_many(program);
}

bpf_object* open_object(const Options& options, std::string& error) {
  collect_library_messages();
  raise_locked_memory_limit();
  bpf_object* object = bpf_object__open_file(options.object_path.c_str(), nullptr);
  if (object == nullptr) {
    error = explain_failure("Opening " + options.object_path + " (made by `npm run build:bpf`)", -errno);
    return nullptr;
  }
  spanloom_knobs* knobs = variable_of<spanloom_knobs>(object, ".rodata.knobs");
  spanloom_state* state = variable_of<spanloom_state>(object, ".data.state");
  if (knobs == nullptr || state == nullptr) {
    error = options.object_path + " was built from other sources than this addon; run `npm run build:bpf`.";
    bpf_object__close(object);
    return nullptr;
  }
  knobs->payload_bytes = options.payload_bytes;
  knobs->continuation_bytes = options.continuation_bytes;
  knobs->has_read_only_cast = kernel_has_read_only_cast() ? 1 : 0;
  knobs->reads_waiters = options.read_goroutines && options.read_waiters ? 1 : 0;
  knobs->traces_unix = options.trace_unix ? 1 : 0;
  knobs->reads_wakes = options.read_wakes ? 1 : 0;
  state->next_event_id = options.first_event_id;
  state->next_socket_id = options.first_event_id;
  bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "ring"), options.ring_bytes);
  bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "sockets"), options.max_sockets);
  if (!options.read_python || !options.probe_python)
    bpf_map__set_max_entries(bpf_object__find_map_by_name(object, "python_contexts"), 1);
  return object;
}

bool KernelPrograms::load(const Options& options, std::string& error) {
  object_ = open_object(options, error);
  if (object_ == nullptr) return false;
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    if (is_many(program)) bpf_program__set_autoload(program, options.split_datagrams);
  }
  bpf_program__set_autoload(bpf_object__find_program_by_name(object_, "on_waking"), options.read_wakes);
  bpf_program* on_python_copy = bpf_object__find_program_by_name(object_, "on_python_copy");
  const bool probes_python = options.read_python && options.probe_python;
  bpf_program__set_autoload(on_python_copy, probes_python);
  python_stack_ = probes_python ? std::make_unique<ProbeStack>(on_python_copy) : nullptr;
  const int result = bpf_object__load(object_);
  if (result == 0) return true;
  error = explain_failure("Loading the kernel programs", result);
  bpf_object__close(object_);
  object_ = nullptr;
  return false;
}

// An older verifier may give up on loops. Everything else is worth having without them.
bool KernelPrograms::load_what_works(const Options& options, std::string& error) {
  Options fewer = options;
  if (load(options, error)) return true;
  if (options.read_wakes) {
    const std::string problem = error;
    fewer.read_wakes = false;
    if (load(fewer, error)) {
      problems_.push_back(problem);
      return true;
    }
  }
  fewer.read_waiters = false;
  if (load(fewer, error)) return true;
  fewer.split_datagrams = false;
  fewer.probe_python = false;
  return load(fewer, error);
}

std::unique_ptr<KernelPrograms> KernelPrograms::start(const Options& options, std::string& error) {
  std::unique_ptr<KernelPrograms> programs(new KernelPrograms());
  if (!programs->load_what_works(options, error)) return nullptr;
  const int state = bpf_object__find_map_fd_by_name(programs->object_, ".data.state");
  void* memory = mmap(nullptr, sizeof(spanloom_state), PROT_READ | PROT_WRITE, MAP_SHARED, state, 0);
  if (memory == MAP_FAILED) {
    error = explain_failure("Mapping the shared counters", -errno);
    return nullptr;
  }
  programs->state_ = static_cast<spanloom_state*>(memory);
  for (const uint32_t process_id : options.excluded_process_ids) programs->exclude(process_id);

  const auto on_sample = [](void* self, void* record, size_t size) {
    return (*static_cast<KernelPrograms*>(self)->on_record_)(record, size) ? 0 : -ECANCELED;
  };
  const int ring = bpf_object__find_map_fd_by_name(programs->object_, "ring");
  programs->ring_ = ring_buffer__new(ring, on_sample, programs.get(), nullptr);
  if (programs->ring_ == nullptr) {
    error = explain_failure("Mapping the ring buffer", -errno);
    return nullptr;
  }
  if (!programs->map_positions(ring, error) || !programs->attach(error)) return nullptr;
  const bpf_program* on_loop_phase = bpf_object__find_program_by_name(programs->object_, "on_loop_phase");
  if (programs->python_stack_ != nullptr) {
    const bpf_program* on_python_copy = bpf_object__find_program_by_name(programs->object_, "on_python_copy");
    programs->python_probes_ =
        std::make_shared<PythonProbes>(bpf_program__fd(on_python_copy), programs->python_stack_->problem());
  }
  const WantedRuntimes wanted{.goroutines = options.read_goroutines,
                              .python = options.read_python,
                              .virtual_threads = options.read_virtual_threads};
  if (wanted.goroutines || wanted.python || wanted.virtual_threads) {
    const bpf_program* iterator = bpf_object__find_program_by_name(programs->object_, "describe_process");
    const RuntimeMaps maps{bpf_program__fd(iterator),
                           bpf_object__find_map_fd_by_name(programs->object_, "program_runtimes"),
                           bpf_object__find_map_fd_by_name(programs->object_, "java_processes")};
    programs->runtimes_ = std::make_shared<Runtimes>(maps, wanted, &programs->state_->runtime_epoch, programs->python_probes_);
  }
  programs->loop_probes_ = std::make_shared<LoopProbes>(bpf_program__fd(on_loop_phase));
  return programs;
}

bool KernelPrograms::attach(std::string& error) {
  const int many = bpf_object__find_map_fd_by_name(object_, "many_programs");
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    if (is_many(program)) {
      const int fd = bpf_program__fd(program);
      const uint32_t key =
          strcmp(bpf_program__name(program), "on_recvmmsg") == 0 ? SPANLOOM_MANY_INGRESS : SPANLOOM_MANY_EGRESS;
      if (fd >= 0) bpf_map_update_elem(many, &key, &fd, BPF_ANY);
    } else if (attaches_itself(program) && bpf_program__fd(program) >= 0) {
      bpf_link* link = bpf_program__attach(program);
      if (link != nullptr) {
        links_.push_back(link);
        continue;
      }
      error = explain_failure(std::string("Attaching ") + bpf_program__name(program), -errno);
      if (!is_dispensable(program)) return false;
      problems_.push_back(error);
    }
  }
  return true;
}

// bpf(2) has no call for them; the layout of the map is documented in kernel/bpf/ringbuf.c and fixed.
bool KernelPrograms::map_positions(int ring, std::string& error) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  void* consumer = mmap(nullptr, page, PROT_READ, MAP_SHARED, ring, 0);
  if (consumer != MAP_FAILED) consumer_page_ = consumer;
  void* producer = mmap(nullptr, page, PROT_READ, MAP_SHARED, ring, static_cast<off_t>(page));
  if (producer != MAP_FAILED) producer_page_ = producer;
  if (consumer_page_ != nullptr && producer_page_ != nullptr) return true;
  error = explain_failure("Mapping the positions of the ring buffer", -errno);
  return false;
}

uint64_t KernelPrograms::produced_bytes() const {
  return __atomic_load_n(static_cast<const unsigned long*>(producer_page_), __ATOMIC_ACQUIRE);
}

uint64_t KernelPrograms::consumed_bytes() const {
  return __atomic_load_n(static_cast<const unsigned long*>(consumer_page_), __ATOMIC_ACQUIRE);
}

KernelPrograms::~KernelPrograms() {
  detach();
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  for (const void* mapped : {consumer_page_, producer_page_})
    if (mapped != nullptr) munmap(const_cast<void*>(mapped), page);
  if (ring_ != nullptr) ring_buffer__free(ring_);
  if (runtimes_ != nullptr) runtimes_->close();
  if (state_ != nullptr) munmap(const_cast<spanloom_state*>(state_), sizeof(spanloom_state));
  if (object_ != nullptr) bpf_object__close(object_);
}

void KernelPrograms::detach() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
  links_.clear();
  if (loop_probes_ == nullptr) return;
  // Taking probes off may take long where a process means harm: another thread waits for that.
  auto* events = new std::deque<Descriptor>(loop_probes_->detach());
  if (python_probes_ != nullptr)
    for (Descriptor& probe : python_probes_->detach()) events->push_back(std::move(probe));
  const auto close_all = [](void* passed) -> void* {
    delete static_cast<std::deque<Descriptor>*>(passed);
    return nullptr;
  };
  pthread_t thread;
  if (!events->empty() && pthread_create(&thread, nullptr, close_all, events) == 0) pthread_detach(thread);
  else delete events;
}

bool KernelPrograms::consume(const std::function<bool(const void*, size_t)>& on_record) {
  on_record_ = &on_record;
  const int result = ring_buffer__consume(ring_);
  on_record_ = nullptr;
  return result >= 0;
}

bool KernelPrograms::exclude(uint32_t process_id) {
  const int map = bpf_object__find_map_fd_by_name(object_, "excluded");
  const uint64_t started = process_start_ticks(process_id);
  // Its id may be another's in a moment, who would be left out instead.
  if (started == 0) return false;
  int result = bpf_map_update_elem(map, &process_id, &started, BPF_ANY);
  if (result == -E2BIG) {
    forget_ended_exclusions();
    result = bpf_map_update_elem(map, &process_id, &started, BPF_ANY);
  }
  // Threads look themselves up again when they see another epoch.
  __atomic_fetch_add(&state_->exclusion_epoch, 1, __ATOMIC_SEQ_CST);
  return result == 0;
}

void KernelPrograms::forget_ended_exclusions() {
  const int map = bpf_object__find_map_fd_by_name(object_, "excluded");
  std::vector<uint32_t> ended;
  uint32_t key = 0;
  for (const uint32_t* previous = nullptr; bpf_map_get_next_key(map, previous, &key) == 0; previous = &key) {
    uint64_t started = 0;
    bpf_map_lookup_elem(map, &key, &started);
    const uint64_t now_started = process_start_ticks(key);
    if (now_started == 0 || now_started != started) ended.push_back(key);
  }
  for (const uint32_t process_id : ended) bpf_map_delete_elem(map, &process_id);
}

void KernelPrograms::exclude_control_groups(const std::vector<Descriptor>& groups) {
  const int map = bpf_object__find_map_fd_by_name(object_, "excluded_groups");
  for (uint32_t slot = 0; slot < SPANLOOM_EXCLUDED_GROUPS; slot++) {
    const int group = slot < groups.size() ? groups[slot].number() : -1;
    if (group >= 0) bpf_map_update_elem(map, &slot, &group, BPF_ANY);
    else bpf_map_delete_elem(map, &slot);
  }
  // Threads may have been moved since they were looked up.
  __atomic_fetch_add(&state_->exclusion_epoch, 1, __ATOMIC_SEQ_CST);
}

std::vector<ProgramStatistics> KernelPrograms::statistics() const {
  std::vector<ProgramStatistics> all;
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    const int fd = bpf_program__fd(program);
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0)
      all.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns});
  }
  return all;
}

}  // namespace spanloom
