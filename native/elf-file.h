// SPDX-License-Identifier: Apache-2.0
//
// The headers of an ELF file that another process wrote: no field of the file is trusted. Every offset, size and count is
// checked against overflow, and the work is bounded: 64 MiB read, 4,096 sections and 256 program headers of a file are
// looked at. Nothing is mapped: a file that is truncated meanwhile is a short read, not a SIGBUS.
#pragma once

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spanloom {

// The bytes of a file.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Copies what is there from `offset` on; returns how many bytes, fewer at the end of the file or where it is unreadable.
  virtual size_t read(uint64_t offset, std::span<uint8_t> into) const = 0;
};

// Reads within the bound for one file.
class BoundedReader {
 public:
  explicit BoundedReader(const ByteSource& source) : source_(source) {}

  // How many bytes were read, fewer than asked for at the end of the file or of the bound.
  size_t read(uint64_t offset, std::span<uint8_t> into);

  template <typename Structure>
  bool read(uint64_t offset, Structure& into) {
    std::array<uint8_t, sizeof(Structure)> bytes;
    if (read(offset, std::span<uint8_t>(bytes)) != bytes.size()) return false;
    std::memcpy(&into, bytes.data(), bytes.size());
    return true;
  }

  uint64_t bytes_read() const { return bytes_read_; }

 private:
  const ByteSource& source_;
  uint64_t bytes_read_ = 0;
};

struct ElfHeaders {
  Elf64_Ehdr file;
  // None where the file has lost them, as sstrip does.
  std::vector<Elf64_Shdr> sections;
  std::vector<Elf64_Phdr> segments;
};

// False for what is no executable or shared library for this machine (64 bits, little endian).
bool read_elf_headers(BoundedReader& reader, ElfHeaders& headers);

// The section of this name, of at most 31 bytes.
const Elf64_Shdr* find_section(BoundedReader& reader, const ElfHeaders& headers, std::string_view name);

// Offset in the file of an address that a segment with all of `flags` (PF_X, PF_W) loads from it.
std::optional<uint64_t> file_offset_of(uint64_t address, std::span<const Elf64_Phdr> segments, uint32_t flags);

}  // namespace spanloom
