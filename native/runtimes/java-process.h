// SPDX-License-Identifier: Apache-2.0
//
// Where one process keeps its virtual threads, out of its memory. What it says there counts for itself only, and is checked
// against what its threads have: one of them must be found on the very way that the kernel programs take.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "elf-file.h"
#include "event.h"
#include "runtimes/java-library.h"

namespace spanloom {

struct JavaProcess {
  // As the process names it; at most 64 bytes.
  std::string version;
  spanloom_java layout{};
  // One sentence when virtual threads cannot be read.
  std::string problem;
  // It has not started far enough to tell.
  bool is_early = false;
};

// `memory`: of the process, by its addresses. `library_at`: where it has the first byte of its libjvm.so.
JavaProcess read_java_process(const ByteSource& memory, const JavaLibrary& library, uint64_t library_at);

}  // namespace spanloom
