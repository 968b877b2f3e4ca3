// SPDX-License-Identifier: Apache-2.0
//
// Probes on the functions by which event loops turn to callbacks that no socket caused.
#pragma once

#include <bpf/libbpf.h>

#include <cstdint>
#include <deque>
#include <string>

namespace spanloom {

class LoopProbes {
 public:
  // Attaches `program` to the loop function of an executable or shared library, in every process that runs it.
  // Returns how many are attached (0 or 1, the same when asked again), or -1 with one sentence in `error`.
  int attach(const bpf_program* program, const std::string& path, std::string& error);
  void detach();

 private:
  // Files are told apart by device and inode: a path in a container names another file than the same path outside.
  struct Attached {
    uint64_t device;
    uint64_t inode;
    bpf_link* link;  // nullptr: no such function
  };

  std::deque<Attached> attached_;
};

}  // namespace spanloom
