// SPDX-License-Identifier: Apache-2.0
//
// Probes on the functions by which event loops turn to callbacks that no socket caused.
#pragma once

#include <bpf/libbpf.h>

#include <string>
#include <vector>

namespace spanloom {

class LoopProbes {
 public:
  // Attaches `program` to the loop functions of an executable or shared library, in every process that runs it. Returns how
  // many were found (0: none; attached before: the number of then), or -1 with one sentence in `error`.
  int attach(const bpf_program* program, const std::string& path, std::string& error);
  void detach();

 private:
  // Files are told apart by device and inode: a path in a container names another file than the same path outside.
  struct Attached {
    uint64_t device;
    uint64_t inode;
    std::vector<bpf_link*> links;
  };

  std::vector<Attached> attached_;
};

}  // namespace spanloom
