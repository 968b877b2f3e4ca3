// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace spanloom {

// When a process started, in hundredths of a second since boot, as field 22 of /proc/PID/stat tells; 0 when it is
// gone.
inline uint64_t process_start_ticks(uint32_t process_id) {
  std::ifstream file("/proc/" + std::to_string(process_id) + "/stat");
  std::stringstream content;
  content << file.rdbuf();
  const std::string text = content.str();
  // The name, in parentheses, may hold spaces and parentheses; after it come fields 3 and on.
  const size_t end_of_name = text.rfind(')');
  if (end_of_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(end_of_name + 1));
  std::string skipped;
  for (int field = 3; field < 22; field++) fields >> skipped;
  uint64_t ticks = 0;
  fields >> ticks;
  return ticks;
}

}  // namespace spanloom
