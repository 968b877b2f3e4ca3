// SPDX-License-Identifier: Apache-2.0
//
// Where a function is in an ELF file that another process wrote: no field of the file is trusted. Every offset, size and
// count is checked against overflow, and the work is bounded: 64 MiB read, 2 million symbols, 4,096 sections, 256 program
// headers and 8 symbol tables of a file are looked at, and what lies beyond is not found. Nothing is mapped: a file that
// is truncated meanwhile is a short read, not a SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace spanloom {

// The bytes of a file.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Copies what is there from `offset` on; returns how many bytes, fewer at the end of the file or where it is unreadable.
  virtual size_t read(uint64_t offset, std::span<uint8_t> into) const = 0;
};

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

}  // namespace spanloom
