// SPDX-License-Identifier: Apache-2.0
//
// The table of fields that HotSpot publishes for debuggers, in the memory of a process: gHotSpotVMStructs (vmStructs.hpp).
// The process may have anything there: at most 16,384 entries are read, of each name 64 bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "elf-file.h"
#include "runtimes/java-library.h"

namespace spanloom {

struct JavaField {
  std::string_view type;
  std::string_view name;
  bool is_static = false;
  // Offset in the type in bytes, or the address of the static variable.
  std::optional<uint64_t> value{};
};

// Sets the values of those that the process publishes. `moved_by`: what the loader has added to addresses of the library.
void read_java_fields(BoundedReader& memory, const JavaLibrary& library, uint64_t moved_by, std::span<JavaField> fields);

// Text in the memory of a process up to its end, or as far as `max_bytes`; only what can be printed.
std::string read_java_text(BoundedReader& memory, uint64_t address, size_t max_bytes);

}  // namespace spanloom
