// SPDX-License-Identifier: Apache-2.0
#include "elf-reader.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

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
constexpr uint64_t kMaxSymbols = 2'000'000;
constexpr uint64_t kMaxSections = 4096;
constexpr uint64_t kMaxSegments = 256;
constexpr size_t kMaxTables = 8;
constexpr size_t kMaxNameBytes = 64;
// Linkers let names share their ends, so a name may be there more than once; more often only where somebody means harm.
constexpr size_t kMaxNamePlaces = 16;
constexpr size_t kChunkBytes = 64 * 1024;

bool add(uint64_t left, uint64_t right, uint64_t& sum) { return !__builtin_add_overflow(left, right, &sum); }

// Reads within the bound for one file.
class Reader {
 public:
  explicit Reader(const ByteSource& source) : source_(source) {}

  // How many bytes were read, fewer than asked for at the end of the file or of the bound.
  size_t read(uint64_t offset, std::span<uint8_t> into) {
    const size_t allowed = static_cast<size_t>(std::min<uint64_t>(into.size(), kMaxBytesRead - bytes_read_));
    if (allowed == 0) return 0;
    const size_t got = std::min(source_.read(offset, into.first(allowed)), allowed);
    bytes_read_ += got;
    return got;
  }

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

// Array of `count` structures from `offset` on; as many of them as can be read.
template <typename Structure>
std::vector<Structure> read_array(Reader& reader, uint64_t offset, uint64_t count) {
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

struct Headers {
  std::vector<Elf64_Shdr> sections;
  std::vector<Elf64_Phdr> segments;
};

bool is_program_of_this_machine(const Elf64_Ehdr& header) {
  return std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_ident[EI_CLASS] == ELFCLASS64 &&
         header.e_ident[EI_DATA] == ELFDATA2LSB && header.e_machine == kMachine &&
         (header.e_type == ET_EXEC || header.e_type == ET_DYN) && header.e_shentsize == sizeof(Elf64_Shdr) &&
         header.e_phentsize == sizeof(Elf64_Phdr) && header.e_shoff != 0 && header.e_phoff != 0;
}

bool read_headers(Reader& reader, Headers& headers) {
  Elf64_Ehdr header;
  if (!reader.read(0, header) || !is_program_of_this_machine(header)) return false;
  uint64_t sections = header.e_shnum;
  uint64_t segments = header.e_phnum;
  // elf(5): counts that do not fit stand in the first section header.
  Elf64_Shdr first;
  if (sections == 0 || segments == PN_XNUM) {
    if (!reader.read(header.e_shoff, first)) return false;
    if (sections == 0) sections = first.sh_size;
    if (segments == PN_XNUM) segments = first.sh_info;
  }
  headers.sections = read_array<Elf64_Shdr>(reader, header.e_shoff, std::min(sections, kMaxSections));
  headers.segments = read_array<Elf64_Phdr>(reader, header.e_phoff, std::min(segments, kMaxSegments));
  return true;
}

// Where in a string table a name stands: what st_name of its symbols is.
using Places = std::vector<uint32_t>;

// Positions of `name` with its end in `text`, which begins at `base` of the table.
void find_name(std::string_view text, uint64_t base, std::string_view name, Places& places) {
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    const size_t end = at + name.size();
    if (end >= text.size() || text[end] != '\0') continue;
    const uint64_t place = base + at;
    if (place > UINT32_MAX || places.size() >= kMaxNamePlaces) return;
    if (places.empty() || places.back() < place) places.push_back(static_cast<uint32_t>(place));
  }
}

std::vector<Places> find_names(Reader& reader, const Elf64_Shdr& strings, std::span<const std::string_view> names,
                               std::span<uint8_t> chunk) {
  std::vector<Places> places(names.size());
  // Chunks overlap, so that a name is whole, with its end, in one of them.
  const uint64_t step = chunk.size() - kMaxNameBytes - 1;
  for (uint64_t base = 0; base < strings.sh_size; base += step) {
    uint64_t at = 0;
    if (!add(strings.sh_offset, base, at)) break;
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(chunk.size(), strings.sh_size - base));
    const size_t got = reader.read(at, chunk.first(wanted));
    const std::string_view text(reinterpret_cast<const char*>(chunk.data()), got);
    for (size_t index = 0; index < names.size(); index++) find_name(text, base, names[index], places[index]);
    if (got < wanted) break;
  }
  return places;
}

// Offset in the file of an address of code.
std::optional<uint64_t> file_offset_of(uint64_t address, std::span<const Elf64_Phdr> segments) {
  for (const Elf64_Phdr& segment : segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
    uint64_t offset = 0;
    if (add(segment.p_offset, address - segment.p_vaddr, offset)) return offset;
  }
  return std::nullopt;
}

bool is_defined_function(const Elf64_Sym& symbol) {
  return ELF64_ST_TYPE(symbol.st_info) == STT_FUNC && symbol.st_shndx != SHN_UNDEF;
}

using Found = std::array<std::optional<uint64_t>, kMaxFunctionNames>;

class SymbolSearch {
 public:
  SymbolSearch(Reader& reader, const Headers& headers, std::span<const std::string_view> names)
      : reader_(reader), headers_(headers), names_(names), chunk_(new uint8_t[kChunkBytes]) {}

  std::optional<uint64_t> run() {
    size_t tables = 0;
    for (const Elf64_Shdr& section : headers_.sections) {
      if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
      if (++tables > kMaxTables) break;
      look_in(section);
    }
    for (const std::optional<uint64_t>& offset : found_)
      if (offset.has_value()) return offset;
    return std::nullopt;
  }

 private:
  void look_in(const Elf64_Shdr& table) {
    if (table.sh_entsize != sizeof(Elf64_Sym) || table.sh_link >= headers_.sections.size()) return;
    const Elf64_Shdr& strings = headers_.sections[table.sh_link];
    if (strings.sh_type != SHT_STRTAB) return;
    const std::span<uint8_t> chunk(chunk_.get(), kChunkBytes);
    const std::vector<Places> places = find_names(reader_, strings, names_, chunk);
    // Most files have none of the names, and their symbols are never read.
    if (std::all_of(places.begin(), places.end(), [](const Places& of_name) { return of_name.empty(); })) return;

    const size_t in_chunk = kChunkBytes / sizeof(Elf64_Sym);
    const uint64_t count = table.sh_size / sizeof(Elf64_Sym);
    for (uint64_t index = 0; index < count && symbols_ < kMaxSymbols; index += in_chunk) {
      uint64_t at = 0;
      if (!add(table.sh_offset, index * sizeof(Elf64_Sym), at)) return;
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(in_chunk, count - index)) * sizeof(Elf64_Sym);
      const size_t got = reader_.read(at, chunk.first(wanted));
      for (size_t offset = 0; offset + sizeof(Elf64_Sym) <= got; offset += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        std::memcpy(&symbol, chunk_.get() + offset, sizeof(symbol));
        look_at(symbol, places);
      }
      symbols_ += in_chunk;
      if (got < wanted) return;
    }
  }

  void look_at(const Elf64_Sym& symbol, const std::vector<Places>& places) {
    if (!is_defined_function(symbol)) return;
    for (size_t name = 0; name < places.size(); name++) {
      if (found_[name].has_value()) continue;
      if (std::find(places[name].begin(), places[name].end(), symbol.st_name) == places[name].end()) continue;
      found_[name] = file_offset_of(symbol.st_value, headers_.segments);
    }
  }

  Reader& reader_;
  const Headers& headers_;
  const std::span<const std::string_view> names_;
  const std::unique_ptr<uint8_t[]> chunk_;
  uint64_t symbols_ = 0;
  Found found_;
};

}  // namespace

FunctionSearch find_function(const ByteSource& source, std::span<const std::string_view> names) {
  const std::span<const std::string_view> looked_for = names.first(std::min(names.size(), kMaxFunctionNames));
  const bool are_short = std::all_of(looked_for.begin(), looked_for.end(), [](std::string_view name) {
    return !name.empty() && name.size() <= kMaxNameBytes;
  });
  FunctionSearch search;
  Reader reader(source);
  Headers headers;
  if (are_short && read_headers(reader, headers))
    search.file_offset = SymbolSearch(reader, headers, looked_for).run();
  search.bytes_read = reader.bytes_read();
  return search;
}

}  // namespace spanloom
