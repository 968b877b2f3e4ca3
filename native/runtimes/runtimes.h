// SPDX-License-Identifier: Apache-2.0
//
// Tells the kernel programs how to read the execution contexts of programs that have their own: Go. A program is looked at
// once, when a process is first seen that runs it; what is found holds for all processes that run this very file, later ones
// from their first call on. Bounds: 16,384 files are remembered, SPANLOOM_MAX_PROGRAMS of them with a runtime; what looking
// at the files of one user costs: inspection-budget.h.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.h"
#include "event.h"
#include "inspection-budget.h"

namespace spanloom {

// A program that was looked at for the first time and has execution contexts of its own.
struct FoundRuntime {
  std::string path;
  // As the program names it.
  std::string version;
  // One sentence when its contexts cannot be read.
  std::string problem;
};

struct RuntimeInspection {
  std::optional<FoundRuntime> found;
  // Not looked at: too much of this user at once, or the process changed its program meanwhile.
  bool is_left_out = false;
};

class Runtimes {
 public:
  // Of the program describe_process and the map program_runtimes; they are duplicated, so that work that hangs may outlive the
  // capture. `epoch` is raised after each change of the map, until close().
  Runtimes(int iterator, int map, volatile __u64* epoch);

  // Looks at what a process runs. `owner` is its user. For any thread; may hang, see process-files.h.
  RuntimeInspection inspect(uint32_t process_id, uint32_t owner);

  // The memory of the epoch is about to go: no changes from now on.
  void close();

 private:
  struct Known {
    spanloom_program program;
    uint32_t owner;
    bool has_runtime;
  };

  bool is_known(const spanloom_program& program) const;
  void remember(const spanloom_program& program, uint32_t owner, const spanloom_runtime* runtime);
  void forget(std::deque<Known>::iterator known);
  void make_room(bool for_runtime);

  const Descriptor iterator_;
  const Descriptor map_;
  InspectionBudget budget_;
  mutable std::mutex mutex_;
  volatile __u64* epoch_;
  // Oldest first.
  std::deque<Known> known_;
};

}  // namespace spanloom
