// SPDX-License-Identifier: Apache-2.0
#include "elf-reader.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace spanloom {
namespace {

constexpr uint64_t kMaxSymbols = 2'000'000;
constexpr size_t kMaxTables = 8;
constexpr size_t kMaxNameBytes = 64;
// Linkers let names share their ends, so a name may be there more than once; more often only where somebody means harm.
constexpr size_t kMaxNamePlaces = 16;
constexpr size_t kChunkBytes = 64 * 1024;

bool add(uint64_t left, uint64_t right, uint64_t& sum) { return !__builtin_add_overflow(left, right, &sum); }

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

std::vector<Places> find_names(BoundedReader& reader, const Elf64_Shdr& strings, std::span<const SymbolName> symbols,
                               std::span<uint8_t> chunk) {
  std::vector<Places> places(symbols.size());
  // Chunks overlap, so that a name is whole, with its end, in one of them.
  const uint64_t step = chunk.size() - kMaxNameBytes - 1;
  for (uint64_t base = 0; base < strings.sh_size; base += step) {
    uint64_t at = 0;
    if (!add(strings.sh_offset, base, at)) break;
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(chunk.size(), strings.sh_size - base));
    const size_t got = reader.read(at, chunk.first(wanted));
    const std::string_view text(reinterpret_cast<const char*>(chunk.data()), got);
    for (size_t index = 0; index < symbols.size(); index++) find_name(text, base, symbols[index].name, places[index]);
    if (got < wanted) break;
  }
  return places;
}

bool is_defined(const Elf64_Sym& symbol, unsigned char type) {
  return ELF64_ST_TYPE(symbol.st_info) == type && symbol.st_shndx != SHN_UNDEF;
}

class SymbolSearch {
 public:
  SymbolSearch(BoundedReader& reader, const ElfHeaders& headers, std::span<const SymbolName> names)
      : reader_(reader), headers_(headers), names_(names), chunk_(new uint8_t[kChunkBytes]), found_(names.size()) {}

  // The value of each, in their order.
  SymbolValues run() {
    size_t tables = 0;
    for (const Elf64_Shdr& section : headers_.sections) {
      if (section.sh_type != SHT_SYMTAB && section.sh_type != SHT_DYNSYM) continue;
      if (++tables > kMaxTables) break;
      look_in(section);
    }
    return std::move(found_);
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
    for (size_t name = 0; name < places.size(); name++) {
      const unsigned char type = names_[name].type;
      if (found_[name].has_value() || !is_defined(symbol, type)) continue;
      if (std::find(places[name].begin(), places[name].end(), symbol.st_name) == places[name].end()) continue;
      // A function outside of the file's code is none.
      if (type != STT_FUNC || file_offset_of(symbol.st_value, headers_.segments, PF_X).has_value())
        found_[name] = symbol.st_value;
    }
  }

  BoundedReader& reader_;
  const ElfHeaders& headers_;
  const std::span<const SymbolName> names_;
  const std::unique_ptr<uint8_t[]> chunk_;
  uint64_t symbols_ = 0;
  SymbolValues found_;
};

}  // namespace

SymbolValues find_symbols(BoundedReader& reader, const ElfHeaders& headers, std::span<const SymbolName> names) {
  return SymbolSearch(reader, headers, names).run();
}

FunctionSearch find_function(const ByteSource& source, std::span<const std::string_view> names) {
  std::vector<SymbolName> functions;
  for (const std::string_view name : names.first(std::min(names.size(), kMaxFunctionNames)))
    functions.push_back({name, STT_FUNC});
  const bool are_short = std::all_of(functions.begin(), functions.end(), [](const SymbolName& function) {
    return !function.name.empty() && function.name.size() <= kMaxNameBytes;
  });
  FunctionSearch search;
  BoundedReader reader(source);
  ElfHeaders headers;
  if (are_short && read_elf_headers(reader, headers)) {
    // The first of the names that is defined.
    std::optional<uint64_t> address;
    for (const std::optional<uint64_t>& value : find_symbols(reader, headers, functions))
      if (!address.has_value()) address = value;
    if (address.has_value()) search.file_offset = file_offset_of(*address, headers.segments, PF_X);
  }
  search.bytes_read = reader.bytes_read();
  return search;
}

std::optional<uint64_t> find_symbol(BoundedReader& reader, const ElfHeaders& headers, const SymbolName& symbol) {
  return find_symbols(reader, headers, {&symbol, 1})[0];
}

}  // namespace spanloom
