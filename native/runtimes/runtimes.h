// SPDX-License-Identifier: Apache-2.0
//
// Tells the kernel programs how to read the execution contexts of programs that have their own: Go, CPython, Java. A program
// is looked at once, when a process is first seen that runs it; what is found holds for all processes that run this very file,
// later ones from their first call on. Of Java each process is looked at, too: java-processes.h. Bounds: 16,384 files are
// remembered, SPANLOOM_MAX_PROGRAMS of them with a runtime; what looking
// at the files of one user costs: inspection-budget.h.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.h"
#include "event.h"
#include "inspection-budget.h"
#include "process-files.h"
#include "runtimes/java-processes.h"
#include "runtimes/python-inspection.h"
#include "runtimes/python-probes.h"

namespace spanloom {

// A program that was looked at for the first time and has execution contexts of its own.
struct FoundRuntime {
  std::string path;
  // As the program names it.
  std::string version;
  // One sentence when its contexts cannot be read.
  std::string problem;
  // One sentence when they can, and what created them cannot be known.
  std::string probe_problem;
};

struct RuntimeInspection {
  std::optional<FoundRuntime> found;
  // Not looked at, to be tried again: too much of this user at once, the process changed its program meanwhile, or its runtime
  // is just beginning.
  bool is_left_out = false;
};

// Descriptors of the kernel programs.
struct RuntimeMaps {
  // The program describe_process.
  int iterator;
  // The map program_runtimes.
  int programs;
  // The map java_processes.
  int java_processes;
};

// Which runtimes are looked for.
struct WantedRuntimes {
  bool goroutines = true;
  bool python = true;
  bool virtual_threads = true;
};

class Runtimes {
 public:
  // The maps are duplicated, so that work that hangs may outlive the capture. `epoch` is raised after each change of one,
  // until close(). `python_probes` may be null: what created contexts of CPython is not known then.
  Runtimes(const RuntimeMaps& maps, const WantedRuntimes& wanted, volatile __u64* epoch,
           std::shared_ptr<PythonProbes> python_probes);

  // Looks at what a process runs. `owner` is its user; `with_libraries`: also at what it has loaded since its program was
  // looked at. For any thread; may hang, see process-files.h.
  RuntimeInspection inspect(uint32_t process_id, uint32_t owner, bool with_libraries);

  // The memory of the epoch is about to go: no changes from now on.
  void close();

 private:
  struct Known {
    spanloom_program program;
    uint32_t owner;
    // Thread: it has no runtime.
    spanloom_context_kind kind;
    // How often it was too early to tell.
    uint32_t tries;

    bool has_runtime() const { return kind != SPANLOOM_THREAD; }
  };

  // What looking at a file gave.
  struct Search {
    std::optional<FoundRuntime> found;
    spanloom_runtime runtime{};
    bool is_too_early = false;
    uint64_t bytes_read = 0;
    std::optional<PythonFile> python;
  };

  Search search(uint32_t process_id, const FoundFile& executable, const std::string& path) const;
  bool inspect_java(const spanloom_process& process, uint32_t owner, std::optional<spanloom_context_kind> known,
                    RuntimeInspection& inspection);
  void raise_epoch();
  // Nothing while it may be too early to tell.
  std::optional<spanloom_context_kind> known_kind(const spanloom_program& program) const;
  uint32_t tries_of(const spanloom_program& program) const;
  void remember(const spanloom_program& program, uint32_t owner, const spanloom_runtime* runtime, uint32_t tries);
  void forget(std::deque<Known>::iterator known);
  void make_room(bool for_runtime);

  const Descriptor iterator_;
  const Descriptor map_;
  const WantedRuntimes wanted_;
  const std::shared_ptr<PythonProbes> python_probes_;
  JavaProcesses java_;
  InspectionBudget budget_;
  mutable std::mutex mutex_;
  volatile __u64* epoch_;
  // Oldest first.
  std::deque<Known> known_;
};

}  // namespace spanloom
