// SPDX-License-Identifier: Apache-2.0
//
// What a process tells of the CPython that it runs, in its executable or in a shared library that the executable needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "descriptor.h"
#include "event.h"
#include "process-files.h"
#include "runtimes/python-program.h"

namespace spanloom {

// The file that CPython is in.
struct PythonFile {
  FileIdentity identity;
  Descriptor file;
  PythonProgram program;
};

struct PythonInspection {
  // Nothing when the process runs no CPython.
  std::optional<PythonFile> found;
  spanloom_runtime runtime{};
  // One sentence when contexts cannot be read.
  std::string problem;
  // The sentence may not hold any more in a moment: CPython begins.
  bool is_too_early = false;
  uint64_t bytes_read = 0;
};

// `executable` is open as `file`. May hang, see process-files.h and process-memory.h.
PythonInspection inspect_python(uint32_t process_id, const FoundFile& executable, Descriptor file);

}  // namespace spanloom
