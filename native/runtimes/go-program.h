// SPDX-License-Identifier: Apache-2.0
//
// Recognises programs of Go in their files, stripped and static ones too, and tells how their goroutines are read. Nothing is
// guessed: a version that the table of offsets does not have, and thread-local storage that cannot be told, make a program
// whose goroutines cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "elf-file.h"
#include "event.h"

namespace spanloom {

struct GoProgram {
  // As the program names it; at most 128 bytes, empty when unreadable.
  std::string version;
  spanloom_runtime runtime{};
  // One sentence when goroutines cannot be read.
  std::string problem;
};

struct GoSearch {
  // Nothing when the file is no program of Go.
  std::optional<GoProgram> program;
  uint64_t bytes_read = 0;
};

GoSearch find_go(const ByteSource& source);

}  // namespace spanloom
