// SPDX-License-Identifier: Apache-2.0
//
// Probes on PyContext_CopyCurrent(), the function by which contexts of CPython are created: they tell what created each.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "descriptor.h"
#include "probed-files.h"

namespace spanloom {

class PythonProbes {
 public:
  // `program` is on_python_copy; it is duplicated, so that work that hangs may outlive the capture. With a `refusal`, one
  // sentence, no probe is attached.
  PythonProbes(int program, std::string refusal);

  // Attaches to the function at `offset` of an open file, unless the file has a probe. Empty, or one sentence why not, which
  // is given once for each file. For any thread.
  std::string attach(const FileIdentity& identity, const Descriptor& file, uint64_t offset, uint32_t owner);

  // As ProbedFiles::detach().
  std::deque<Descriptor> detach() { return files_.detach(); }

 private:
  const Descriptor program_;
  const std::string refusal_;
  ProbedFiles files_;
};

}  // namespace spanloom
