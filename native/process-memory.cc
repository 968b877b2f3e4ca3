// SPDX-License-Identifier: Apache-2.0
#include "process-memory.h"

#include <cstdlib>

#include "process-files.h"

namespace spanloom {
namespace {

constexpr size_t kMaxCommandLineBytes = 64 * 1024;
constexpr size_t kMaxEnvironmentBytes = 1024 * 1024;

}  // namespace

ProcessMemory read_process_memory(uint32_t process_id) {
  const std::string process = "/proc/" + std::to_string(process_id);
  ProcessMemory memory;
  memory.command_line = read_bounded(process + "/cmdline", kMaxCommandLineBytes);
  memory.environment = read_bounded(process + "/environ", kMaxEnvironmentBytes);
  return memory;
}

std::optional<uint32_t> real_user_of(uint32_t process_id) {
  const std::string status = read_bounded("/proc/" + std::to_string(process_id) + "/status", 16 * 1024);
  // The name comes before it; the kernel escapes line breaks in that.
  const size_t line = status.find("\nUid:");
  if (line == std::string::npos) return std::nullopt;
  return static_cast<uint32_t>(strtoul(status.c_str() + line + 5, nullptr, 10));
}

}  // namespace spanloom
