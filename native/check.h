// SPDX-License-Identifier: Apache-2.0
//
// Tries every kernel program by itself and tells what the running kernel makes of it.
#pragma once

#include <string>
#include <vector>

namespace spanloom {

struct ProgramCheck {
  std::string name;
  bool loaded = false;
  bool attached = false;
  // Empty when all went well.
  std::string error;
};

struct KernelCheck {
  std::vector<ProgramCheck> programs;
  std::vector<std::string> missing;
};

// `loop_path`: an executable with an event loop to try the loop probes on.
KernelCheck check_kernel(const std::string& object_path, const std::string& loop_path);

}  // namespace spanloom
