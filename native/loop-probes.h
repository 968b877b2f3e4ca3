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
#include <mutex>
#include <string>
#include <vector>

#include "descriptor.h"
#include "inspection-budget.h"
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

  // No probes from now on. They end when what is returned does, which may take long: a process that holds its memory
  // locked holds that up.
  std::deque<Descriptor> detach();

 private:
  struct Known {
    FileIdentity identity;
    uint32_t owner;
    // Of the kernel's event; not open where the file has no such function.
    Descriptor event;
  };

  bool try_file(const FoundFile& found, const std::string& path, uint32_t owner, LoopInspection& into);
  Descriptor attach_at(const Descriptor& file, uint64_t offset, std::string& error) const;
  bool is_known(const FileIdentity& identity) const;
  void remember(const FileIdentity& identity, uint32_t owner, Descriptor event);
  void make_room(std::vector<Known>& released);
  void release(std::deque<Known>::iterator known, std::vector<Known>& released);

  const Descriptor program_;
  mutable std::mutex mutex_;
  // Oldest first.
  std::deque<Known> known_;
  InspectionBudget budget_;
  bool is_detached_ = false;
};

}  // namespace spanloom
