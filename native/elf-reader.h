// SPDX-License-Identifier: Apache-2.0
//
// Where a symbol is in an ELF file that another process wrote, which is not trusted: elf-file.h. 2 million symbols and 8
// symbol tables of a file are looked at, and what lies beyond is not found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "elf-file.h"

namespace spanloom {

// Names of functions looked for at a time; further ones are ignored. A name is at most 64 bytes long.
inline constexpr size_t kMaxFunctionNames = 4;

// What was found, and what looking for it cost.
struct FunctionSearch {
  // Offset in the file of the first of the names that it defines.
  std::optional<uint64_t> file_offset;
  uint64_t bytes_read = 0;
};

// Looks in .symtab and .dynsym of an executable or shared library for this machine (64 bits, little endian); anything
// else has no functions.
FunctionSearch find_function(const ByteSource& source, std::span<const std::string_view> names);

// Address of a function or of a variable as the file has it, likewise.
std::optional<uint64_t> find_code(BoundedReader& reader, const ElfHeaders& headers, std::string_view name);
std::optional<uint64_t> find_variable(BoundedReader& reader, const ElfHeaders& headers, std::string_view name);

// Offset of a thread-local variable in the file's thread-local storage, likewise.
std::optional<uint64_t> find_thread_local(BoundedReader& reader, const ElfHeaders& headers, std::string_view name);

}  // namespace spanloom
