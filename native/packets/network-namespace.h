// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "descriptor.h"

namespace spanloom::packets {

// An open network namespace.
class NetworkNamespace {
 public:
  // That of the calling thread.
  static NetworkNamespace own();
  // By name in /run/netns, path, or process id; closed where there is none, or it may not be opened.
  static NetworkNamespace open(const std::string& name);
  // False only when it is certain that there is none.
  static bool exists(const std::string& name);
  // Those in /run/netns and of processes, at most 1,024; each once. Nothing: they cannot be listed, for want of descriptors.
  static std::optional<std::vector<NetworkNamespace>> all();

  NetworkNamespace() = default;

  bool is_open() const { return descriptor_.is_open(); }
  int descriptor() const { return descriptor_.number(); }
  // Its inode number, which names it as long as it exists.
  uint32_t inode() const { return inode_; }

  // Calls `work` with the calling thread in it, then takes the thread back. False: it may not be entered, which takes
  // CAP_SYS_ADMIN.
  template <typename Work>
  bool visit(const NetworkNamespace& home, Work&& work) const {
    if (inode_ != home.inode_ && !enter()) return false;
    work();
    if (inode_ != home.inode_) home.enter_or_abort();
    return true;
  }

 private:
  explicit NetworkNamespace(Descriptor descriptor);
  bool enter() const;
  void enter_or_abort() const;

  Descriptor descriptor_;
  uint32_t inode_ = 0;
};

}  // namespace spanloom::packets
