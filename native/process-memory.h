// SPDX-License-Identifier: Apache-2.0
//
// What /proc tells of a process out of the memory of that process. It decides what lies there: reading waits for ever where
// that is a mapping of a file system that does not answer, and gives gigabytes where it has moved the bounds
// (PR_SET_MM_MAP). For threads of the inspection pool only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace spanloom {

struct ProcessMemory {
  // Arguments, each ended by a zero; the first 64 KiB.
  std::string command_line;
  // Likewise; the first MiB.
  std::string environment;
};

ProcessMemory read_process_memory(uint32_t process_id);

// The user who started it, whom a process without rights cannot change; nothing when the process is gone. Never waits.
std::optional<uint32_t> real_user_of(uint32_t process_id);

}  // namespace spanloom
