// SPDX-License-Identifier: Apache-2.0
//
// Build information (debug/buildinfo of Go): a block in its own section, without sections at the beginning of the first
// segment that can be written; it begins with kMagic, the size of a pointer and flags. Since 1.18 the version follows in the
// block; before, pointers to strings do.
//
// Thread-local storage on x86_64: the linker of Go gives g the eight bytes below the thread pointer. Other linkers (cgo) put it
// between the variables of C, where its symbol, runtime.tlsg, says. In a stripped program the code says: functions of Go load
// g into register 14 when they are called from C or assembly.
#include "runtimes/go-program.h"

#include <map>
#include <memory>
#include <string_view>

#include "elf-reader.h"
#include "runtimes/go-version.h"

namespace spanloom {
namespace {

constexpr std::string_view kMagic = "\xff Go buildinf:";
constexpr size_t kBuildInfoAlign = 16;
constexpr size_t kBuildInfoHeader = 32;
constexpr size_t kMaxVersionBytes = 128;
constexpr uint64_t kMaxBuildInfoSearch = 1024 * 1024;
constexpr uint64_t kMaxCodeSearch = 32 * 1024 * 1024;
constexpr size_t kChunkBytes = 64 * 1024;
constexpr uint8_t kBigEndian = 1;
constexpr uint8_t kVersionFollows = 2;

// Where the block of build information is in the file.
std::optional<uint64_t> find_build_info(BoundedReader& reader, const ElfHeaders& headers) {
  uint64_t begin = 0;
  uint64_t size = 0;
  if (const Elf64_Shdr* section = find_section(reader, headers, ".go.buildinfo"); section != nullptr) {
    begin = section->sh_offset;
    size = section->sh_size;
  } else {
    for (const Elf64_Phdr& segment : headers.segments) {
      if (segment.p_type != PT_LOAD || (segment.p_flags & (PF_W | PF_X)) != PF_W) continue;
      begin = segment.p_offset;
      size = segment.p_filesz;
      break;
    }
  }
  const std::unique_ptr<uint8_t[]> chunk(new uint8_t[kChunkBytes]);
  size = std::min(size, kMaxBuildInfoSearch);
  for (uint64_t base = 0; base < size; base += kChunkBytes) {
    uint64_t at = 0;
    if (__builtin_add_overflow(begin, base, &at)) break;
    const size_t wanted = static_cast<size_t>(std::min<uint64_t>(kChunkBytes, size - base));
    const size_t got = reader.read(at, std::span<uint8_t>(chunk.get(), wanted));
    for (size_t offset = 0; offset + kMagic.size() <= got; offset += kBuildInfoAlign)
      if (std::memcmp(chunk.get() + offset, kMagic.data(), kMagic.size()) == 0) return at + offset;
    if (got < wanted) break;
  }
  return std::nullopt;
}

std::string read_text(BoundedReader& reader, uint64_t offset, uint64_t size) {
  std::string text(static_cast<size_t>(std::min<uint64_t>(size, kMaxVersionBytes)), '\0');
  text.resize(reader.read(offset, std::span<uint8_t>(reinterpret_cast<uint8_t*>(text.data()), text.size())));
  // It is a process's own word, and goes into logs.
  for (char& character : text)
    if (character < 0x20 || character > 0x7e) character = '?';
  return text;
}

// Go before 1.18: a pointer to a string, which is a pointer to bytes and their count.
std::string version_by_pointer(BoundedReader& reader, const ElfHeaders& headers, uint64_t block) {
  uint64_t string_at = 0;
  std::array<uint64_t, 2> text{};
  if (!reader.read(block + 16, string_at)) return "";
  const std::optional<uint64_t> string_offset = file_offset_of(string_at, headers.segments, 0);
  if (!string_offset.has_value() || !reader.read(*string_offset, text)) return "";
  const std::optional<uint64_t> text_offset = file_offset_of(text[0], headers.segments, 0);
  return text_offset.has_value() ? read_text(reader, *text_offset, text[1]) : "";
}

std::string read_version(BoundedReader& reader, const ElfHeaders& headers, uint64_t block) {
  std::array<uint8_t, kBuildInfoHeader + 1> header;
  if (!reader.read(block, header)) return "";
  const uint8_t pointer_bytes = header[kMagic.size()];
  const uint8_t flags = header[kMagic.size() + 1];
  // One byte holds every length up to 127.
  if ((flags & kVersionFollows) != 0)
    return header[kBuildInfoHeader] < 0x80 ? read_text(reader, block + sizeof(header), header[kBuildInfoHeader]) : "";
  if (pointer_bytes != sizeof(uint64_t) || (flags & kBigEndian) != 0) return "";
  return version_by_pointer(reader, headers, block);
}

#if defined(__x86_64__)

// What functions of Go do when C or assembly calls them: mov %fs:DISTANCE, %r14. In position-independent programs linkers make
// it mov $DISTANCE, %r14 and mov %fs:(%r14), %r14.
constexpr std::string_view kLoadDirect("\x64\x4c\x8b\x34\x25", 5);
constexpr std::string_view kLoadDistance("\x49\xc7\xc6", 3);
constexpr std::string_view kLoadThrough("\x64\x4d\x8b\x36", 4);
constexpr size_t kLongestLoad = 11;
// C may do the same with a variable of its own, but not nearly as often.
constexpr size_t kFewestLoads = 32;
constexpr size_t kMostOthers = 10;

using Distances = std::map<int32_t, size_t>;

bool has_at(std::string_view text, size_t at, std::string_view what) { return text.substr(at).starts_with(what); }

int32_t number_at(std::string_view text, size_t at) {
  int32_t number;
  std::memcpy(&number, text.data() + at, sizeof(number));
  return number;
}

void count_loads(std::string_view code, Distances& distances) {
  for (size_t at = 0; at + kLongestLoad <= code.size(); at++) {
    if (has_at(code, at, kLoadDirect)) distances[number_at(code, at + kLoadDirect.size())]++;
    else if (has_at(code, at, kLoadDistance) && has_at(code, at + kLoadDistance.size() + 4, kLoadThrough))
      distances[number_at(code, at + kLoadDistance.size())]++;
  }
}

std::optional<int64_t> thread_local_from_code(BoundedReader& reader, const ElfHeaders& headers) {
  Distances distances;
  const std::unique_ptr<uint8_t[]> chunk(new uint8_t[kChunkBytes]);
  for (const Elf64_Phdr& segment : headers.segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const uint64_t size = std::min(segment.p_filesz, kMaxCodeSearch);
    for (uint64_t base = 0; base < size; base += kChunkBytes - kLongestLoad + 1) {
      uint64_t at = 0;
      if (__builtin_add_overflow(segment.p_offset, base, &at)) break;
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(kChunkBytes, size - base));
      const size_t got = reader.read(at, std::span<uint8_t>(chunk.get(), wanted));
      count_loads({reinterpret_cast<const char*>(chunk.get()), got}, distances);
      if (got < wanted) break;
    }
  }
  size_t all = 0;
  Distances::const_iterator most = distances.end();
  for (auto one = distances.begin(); one != distances.end(); one++) {
    all += one->second;
    if (most == distances.end() || one->second > most->second) most = one;
  }
  if (most == distances.end() || most->second < kFewestLoads || (all - most->second) * kMostOthers > all)
    return std::nullopt;
  return most->first < 0 ? std::optional<int64_t>(most->first) : std::nullopt;
}

// Distance from the thread pointer to the pointer to g; nothing where it cannot be told.
std::optional<int64_t> thread_local_of(BoundedReader& reader, const ElfHeaders& headers) {
  constexpr int64_t kOfGoLinker = -8;
  const Elf64_Phdr* storage = nullptr;
  for (const Elf64_Phdr& segment : headers.segments)
    if (segment.p_type == PT_TLS && storage == nullptr) storage = &segment;
  if (storage == nullptr || storage->p_memsz <= sizeof(uint64_t)) return kOfGoLinker;
  const uint64_t align = std::max<uint64_t>(storage->p_align, 1);
  // The storage ends at the thread pointer, rounded up to its alignment.
  constexpr uint64_t kMaxStorage = 1024 * 1024;
  if ((align & (align - 1)) != 0 || storage->p_vaddr % align != 0 || align > kMaxStorage ||
      storage->p_memsz > kMaxStorage)
    return std::nullopt;
  const std::optional<uint64_t> symbol = find_symbol(reader, headers, {"runtime.tlsg", STT_TLS});
  if (!symbol.has_value()) return thread_local_from_code(reader, headers);
  if (*symbol > storage->p_memsz - sizeof(uint64_t)) return std::nullopt;
  return static_cast<int64_t>(*symbol) - static_cast<int64_t>((storage->p_memsz + align - 1) & ~(align - 1));
}

#else

// g has a register there.
std::optional<int64_t> thread_local_of(BoundedReader&, const ElfHeaders&) { return 0; }

#endif

spanloom_go layout_of(const GoOffsets& offsets) {
  spanloom_go go{};
  go.g_m = offsets.g_m;
  go.g_id = offsets.g_id;
  go.g_parent = offsets.g_parent;
  go.g_start = offsets.g_start;
  go.m_current = offsets.m_current;
  go.sudog_g = offsets.sudog_g;
  go.sudog_channel = offsets.sudog_channel;
  go.channel_receivers = offsets.channel_receivers;
  go.g_bytes = static_cast<uint16_t>(std::max({go.g_m, go.g_id, go.g_parent, go.g_start}) + sizeof(uint64_t));
  return go;
}

GoProgram describe(BoundedReader& reader, const ElfHeaders& headers, uint64_t block) {
  GoProgram program;
  program.version = read_version(reader, headers, block);
  program.runtime.kind = SPANLOOM_GOROUTINE;
  const GoOffsets* offsets = go_offsets_of(program.version);
  if (offsets == nullptr) {
    program.problem = "Its version, " + (program.version.empty() ? "which cannot be read" : program.version) +
                      ", is none whose goroutines can be read.";
    return program;
  }
  program.runtime.go = layout_of(*offsets);
  const std::optional<int64_t> distance = thread_local_of(reader, headers);
  if (!distance.has_value()) {
    program.problem = "Where its threads keep their goroutine cannot be told; a program with symbols tells.";
    return program;
  }
  program.runtime.go.g_distance = *distance;
  program.runtime.is_readable = 1;
  return program;
}

}  // namespace

GoSearch find_go(const ByteSource& source) {
  GoSearch search;
  BoundedReader reader(source);
  ElfHeaders headers;
  if (read_elf_headers(reader, headers)) {
    const std::optional<uint64_t> block = find_build_info(reader, headers);
    if (block.has_value()) search.program = describe(reader, headers, *block);
  }
  search.bytes_read = reader.bytes_read();
  return search;
}

}  // namespace spanloom
