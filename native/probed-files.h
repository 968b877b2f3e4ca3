// SPDX-License-Identifier: Apache-2.0
//
// Which files have been looked at for a function to probe, and their probes. Each file has at most one of a kind, however
// many processes run it. For any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "descriptor.h"
#include "process-files.h"

namespace spanloom {

class ProbedFiles {
 public:
  bool is_known(const FileIdentity& identity) const;
  bool has_probe(const FileIdentity& identity) const;

  // `probe` is not open for a file without the function. Beyond 16,384 files, and 1,024 with a probe, older ones are let go.
  void remember(const FileIdentity& identity, uint32_t owner, Descriptor probe);

  // No probes from now on. They end when what is returned does, which may take long: a process that holds its memory
  // locked holds that up.
  std::deque<Descriptor> detach();

 private:
  struct Known {
    FileIdentity identity;
    uint32_t owner;
    Descriptor probe;
  };

  void make_room(std::vector<Known>& released);
  void release(std::deque<Known>::iterator known, std::vector<Known>& released);

  mutable std::mutex mutex_;
  // Oldest first.
  std::deque<Known> known_;
  bool is_detached_ = false;
};

}  // namespace spanloom
