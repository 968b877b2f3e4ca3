// SPDX-License-Identifier: Apache-2.0
//
// Which processes have been reported already: a process is news when its id, start time or name is.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "block.h"
#include "event.h"

namespace spanloom {

class SeenProcesses {
 public:
  // Appends the event's process to `news` unless it is known.
  void note(const spanloom_event& event, std::vector<SeenProcess>& news);

 private:
  struct Known {
    uint64_t start_boottime_ns;
    std::array<char, SPANLOOM_NAME_BYTES> name;
  };

  std::unordered_map<uint32_t, Known> known_;
  // The process of the previous event: most events need no look-up.
  uint32_t last_process_id_ = 0;
  const Known* last_ = nullptr;
};

}  // namespace spanloom
