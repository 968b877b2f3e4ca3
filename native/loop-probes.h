// SPDX-License-Identifier: Apache-2.0
//
// Probes on the functions by which event loops turn to callbacks that no socket caused.
//
// Files are looked at by our own reader (elf-reader.h), never by libbpf, and the kernel gets the very file that was looked
// at, by its descriptor: nothing can be put in its place in between. What one user's files cost is bounded
// (inspection-budget.h); what is beyond is left for later.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "descriptor.h"
#include "inspection-budget.h"
#include "probed-files.h"
#include "process-files.h"

namespace spanloom {

// What came of one look at a process.
struct LoopInspection {
  struct File {
    std::string path;
    int probes = 0;
    // One sentence when it cannot be probed.
    std::string error;
  };
  // Files that were looked at for the first time and have probes now, or cannot be probed.
  std::vector<File> files;
  // Files that were not looked at: too many of one process, or too many of one user at once.
  uint64_t left_out = 0;
};

class LoopProbes {
 public:
  // Of the program to attach; it is duplicated, so that work that hangs may outlive the capture.
  explicit LoopProbes(int program);

  // Attaches probes to the executable of a process unless that file is known, and to its libraries if the executable was
  // new or `with_libraries` is set. `owner` is the user whose process it is. For any thread; may hang, see process-files.h.
  LoopInspection inspect(uint32_t process_id, uint32_t owner, bool with_libraries);

  // Attaches to a file of ours. Returns how many probes it has, 0 or 1, or -1 with one sentence in `error`.
  int attach(const std::string& path, std::string& error);

  // As ProbedFiles::detach().
  std::deque<Descriptor> detach() { return files_.detach(); }

 private:
  bool try_file(const FoundFile& found, const std::string& path, uint32_t owner, LoopInspection& into);

  const Descriptor program_;
  ProbedFiles files_;
  InspectionBudget budget_;
};

}  // namespace spanloom
