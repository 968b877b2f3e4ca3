// SPDX-License-Identifier: Apache-2.0
#include "elf-file.h"

#include <string_view>

namespace spanloom {
namespace {

#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
#else
#error "only x86_64 and arm64 are known"
#endif

constexpr uint64_t kMaxBytesRead = 64 * 1024 * 1024;
constexpr uint64_t kMaxSections = 4096;
constexpr uint64_t kMaxSegments = 256;

bool add(uint64_t left, uint64_t right, uint64_t& sum) { return !__builtin_add_overflow(left, right, &sum); }

// Array of `count` structures from `offset` on; as many of them as can be read.
template <typename Structure>
std::vector<Structure> read_array(BoundedReader& reader, uint64_t offset, uint64_t count) {
  std::vector<Structure> all;
  all.reserve(count);
  for (uint64_t index = 0; index < count; index++) {
    Structure one;
    uint64_t at = 0;
    // `count` is bounded: the product does not overflow.
    if (!add(offset, index * sizeof(Structure), at) || !reader.read(at, one)) break;
    all.push_back(one);
  }
  return all;
}

bool is_program_of_this_machine(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
         header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == kMachine &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN) &&
         (header.e_shoff == 0 || header.e_shentsize == sizeof(Elf64_Shdr)) &&
         header.e_phentsize == sizeof(Elf64_Phdr) && header.e_phoff != 0;
}

}  // namespace

size_t BoundedReader::read(uint64_t offset, std::span<uint8_t> into) {
  const size_t allowed = static_cast<size_t>(std::min<uint64_t>(into.size(), kMaxBytesRead - bytes_read_));
  if (allowed == 0) return 0;
  const size_t got = std::min(source_.read(offset, into.first(allowed)), allowed);
  bytes_read_ += got;
  return got;
}

bool read_elf_headers(BoundedReader& reader, ElfHeaders& headers) {
  Elf64_Ehdr& header = headers.file;
  if (!reader.read(0, header) || !is_program_of_this_machine(header)) return false;
  uint64_t sections = header.e_shoff == 0 ? 0 : header.e_shnum;
  uint64_t segments = header.e_phnum;
  // elf(5): counts that do not fit stand in the first section header.
  Elf64_Shdr first;
  if (header.e_shoff != 0 && (sections == 0 || segments == PN_XNUM)) {
    if (!reader.read(header.e_shoff, first)) return false;
    if (sections == 0) sections = first.sh_size;
    if (segments == PN_XNUM) segments = first.sh_info;
  }
  headers.sections = read_array<Elf64_Shdr>(reader, header.e_shoff, std::min(sections, kMaxSections));
  headers.segments = read_array<Elf64_Phdr>(reader, header.e_phoff, std::min(segments, kMaxSegments));
  return true;
}

const Elf64_Shdr* find_section(BoundedReader& reader, const ElfHeaders& headers, std::string_view name) {
  if (headers.file.e_shstrndx >= headers.sections.size()) return nullptr;
  const Elf64_Shdr& names = headers.sections[headers.file.e_shstrndx];
  std::array<uint8_t, 32> bytes;
  if (name.size() >= bytes.size()) return nullptr;
  for (const Elf64_Shdr& section : headers.sections) {
    uint64_t at = 0;
    if (!add(names.sh_offset, section.sh_name, at)) continue;
    const size_t got = reader.read(at, std::span<uint8_t>(bytes).first(name.size() + 1));
    if (got == name.size() + 1 && std::memcmp(bytes.data(), name.data(), name.size()) == 0 && bytes[name.size()] == 0)
      return &section;
  }
  return nullptr;
}

std::optional<uint64_t> file_offset_of(uint64_t address, std::span<const Elf64_Phdr> segments, uint32_t flags) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & flags) != flags) continue;
    if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
    uint64_t offset = 0;
    if (add(segment.p_offset, address - segment.p_vaddr, offset)) return offset;
  }
  return std::nullopt;
}

}  // namespace spanloom
