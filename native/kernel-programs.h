// SPDX-License-Identifier: Apache-2.0
//
// The BPF object in the kernel: loading, attaching, the ring buffer, the maps that user space writes.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "event.h"
#include "loop-probes.h"
#include "options.h"
#include "probe-stack.h"
#include "runtimes/runtimes.h"

namespace spanloom {

struct ProgramStatistics {
  std::string name;
  uint64_t runs;
  uint64_t run_time_ns;
};

// Opens the object with the knobs of `options` set. NULL and one sentence in `error` when that fails.
bpf_object* open_object(const Options& options, std::string& error);

// Programs on tracepoints that attach themselves; the others are called by these, attached to a file, or asked.
bool attaches_itself(const bpf_program* program);

class KernelPrograms {
 public:
  // Loads and attaches. Returns nullptr and sets `error` to one sentence that says what is missing.
  static std::unique_ptr<KernelPrograms> start(const Options& options, std::string& error);
  ~KernelPrograms();
  KernelPrograms(const KernelPrograms&) = delete;
  KernelPrograms& operator=(const KernelPrograms&) = delete;

  // Memory shared with the running programs.
  const volatile spanloom_state& state() const { return *state_; }

  // Reads records until the ring buffer is empty or `on_record` returns false. True when it is empty.
  bool consume(const std::function<bool(const void* record, size_t size)>& on_record);

  // Leaves a process out from now on, for as long as it runs. False when it runs no more, or there is no room for more.
  bool exclude(uint32_t process_id);

  // Leaves out all processes in these control groups (descriptors of their directories) and in those below them. Asked
  // again, the kernel looks again who is in them.
  void exclude_control_groups(const std::vector<Descriptor>& groups);

  // Probes on event loops. Work on them may outlive this object.
  const std::shared_ptr<LoopProbes>& loop_probes() const { return loop_probes_; }

  // The runtimes of programs; null where the settings want no contexts but threads. Work on them may outlive this object.
  const std::shared_ptr<Runtimes>& runtimes() const { return runtimes_; }

  // How far the ring buffer was written and read, in bytes since the start.
  uint64_t produced_bytes() const;
  uint64_t consumed_bytes() const;

  std::vector<ProgramStatistics> statistics() const;

  // What of the options this kernel refuses, a sentence each. Everything else works.
  const std::vector<std::string>& problems() const { return problems_; }

  // No events after this; what is in the ring buffer stays readable.
  void detach();

 private:
  KernelPrograms() = default;
  bool load(const Options& options, std::string& error);
  bool load_what_works(const Options& options, std::string& error);
  bool attach(std::string& error);
  bool map_positions(int ring, std::string& error);
  void forget_ended_exclusions();

  bpf_object* object_ = nullptr;
  ring_buffer* ring_ = nullptr;
  std::vector<bpf_link*> links_;
  std::vector<std::string> problems_;
  volatile spanloom_state* state_ = nullptr;
  std::shared_ptr<LoopProbes> loop_probes_;
  std::shared_ptr<Runtimes> runtimes_;
  // Null where the settings want none.
  std::shared_ptr<PythonProbes> python_probes_;
  std::unique_ptr<ProbeStack> python_stack_;
  // The first pages of the ring buffer: positions of its reader and its writer.
  const void* consumer_page_ = nullptr;
  const void* producer_page_ = nullptr;
  // Where the ring buffer's callback finds its way back.
  const std::function<bool(const void*, size_t)>* on_record_ = nullptr;
};

}  // namespace spanloom
