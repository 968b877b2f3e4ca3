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
#include <vector>

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

// A name, of at most 64 bytes, and what it must name: STT_FUNC, STT_OBJECT, STT_TLS.
struct SymbolName {
  std::string_view name;
  unsigned char type;
};

using SymbolValues = std::vector<std::optional<uint64_t>>;

// Values of symbols that the file defines, in the order of the names: addresses of functions and variables, likewise.
SymbolValues find_symbols(BoundedReader& reader, const ElfHeaders& headers, std::span<const SymbolName> names);

// The value of one symbol: address of a function or a variable, offset in the file's thread-local storage, likewise.
std::optional<uint64_t> find_symbol(BoundedReader& reader, const ElfHeaders& headers, const SymbolName& symbol);

}  // namespace spanloom
