// SPDX-License-Identifier: Apache-2.0
//
// What looking at the files of one user may cost: 256 MiB read at once and 16 MiB a second after that, no file counting for
// less than 256 KiB. For any thread.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace spanloom {

class InspectionBudget {
 public:
  // Is there something left for a file of this user?
  bool has(uint32_t owner);
  void spend(uint32_t owner, uint64_t bytes);

 private:
  struct Budget {
    uint64_t bytes;
    uint64_t at_ns;
  };

  std::mutex mutex_;
  std::unordered_map<uint32_t, Budget> budgets_;
};

}  // namespace spanloom
