// SPDX-License-Identifier: Apache-2.0
//
// CPython is where _PyRuntime is defined, which is exported since 3.7. Its version stands in Py_Version since 3.11. Before, it
// is a text among the constants, PY_VERSION, which the start-up message is made of; linkers let it be the end of another
// text, such as a path. Since 3.13 _PyRuntime begins
// with a cookie, the version, and whether it was built without the global lock: such a build has other structures.
#include "runtimes/python-program.h"

#include <array>
#include <cstring>
#include <memory>
#include <set>
#include <string_view>

#include "elf-reader.h"

namespace spanloom {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;
constexpr uint64_t kMaxTextSearch = 16 * 1024 * 1024;
constexpr size_t kMaxVersionBytes = 16;
constexpr uint64_t kMaxDynamicEntries = 1024;
constexpr std::string_view kCookie = "xdebugpy";
constexpr uint32_t kFirstWithVersion = 11;
constexpr uint32_t kFirstWithCookie = 13;

bool is_digit(char character) { return character >= '0' && character <= '9'; }

// Release candidates and builds between releases have letters or a plus sign behind the numbers.
bool is_of_version(char character) {
  return is_digit(character) || (character >= 'a' && character <= 'z') || character == '+';
}

// Length of "3.9.18" or "3.10.2+" at the beginning of `text`, if a zero follows; 0 for anything else.
size_t version_at(std::string_view text) {
  for (const std::string_view prefix : {"3.9.", "3.10."}) {
    if (!text.starts_with(prefix)) continue;
    size_t end = prefix.size();
    while (end < text.size() && end < kMaxVersionBytes && is_of_version(text[end])) end++;
    return end > prefix.size() && end < text.size() && text[end] == '\0' && is_digit(text[prefix.size()]) ? end : 0;
  }
  return 0;
}

void find_versions(std::string_view text, std::set<std::string>& versions) {
  constexpr std::string_view kBegin = "3.";
  for (size_t at = text.find(kBegin, 1); at != std::string_view::npos; at = text.find(kBegin, at + 1)) {
    if (is_digit(text[at - 1]) || text[at - 1] == '.') continue;
    const std::string_view rest = text.substr(at);
    if (const size_t length = version_at(rest); length > 0) versions.emplace(rest.substr(0, length));
  }
}

// Of versions before Py_Version; empty when there is none, or more than one that it could be.
std::string version_from_text(BoundedReader& reader, const ElfHeaders& headers) {
  std::set<std::string> versions;
  const std::unique_ptr<uint8_t[]> chunk(new uint8_t[kChunkBytes]);
  for (const Elf64_Phdr& segment : headers.segments) {
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uint64_t size = std::min(segment.p_filesz, kMaxTextSearch);
    // Chunks overlap, so that a version is whole, with both its ends, in one of them.
    for (uint64_t base = 0; base < size; base += kChunkBytes - kMaxVersionBytes - 2) {
      uint64_t at = 0;
      if (__builtin_add_overflow(segment.p_offset, base, &at)) break;
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(kChunkBytes, size - base));
      const size_t got = reader.read(at, std::span<uint8_t>(chunk.get(), wanted));
      find_versions({reinterpret_cast<const char*>(chunk.get()), got}, versions);
      if (got < wanted) break;
    }
  }
  return versions.size() == 1 ? *versions.begin() : "";
}

// PY_VERSION_HEX: a byte each for major, minor and patch, four bits for what kind of release it is, four for its number.
std::string version_of(uint64_t hex) {
  const std::string number = std::to_string(hex >> 24 & 0xff) + "." + std::to_string(hex >> 16 & 0xff) + "." +
                             std::to_string(hex >> 8 & 0xff);
  constexpr uint64_t kRelease = 0xf;
  const uint64_t kind = hex >> 4 & 0xf;
  if (kind == kRelease) return number;
  return number + (kind == 0xa ? "a" : kind == 0xb ? "b" : "rc") + std::to_string(hex & 0xf);
}

std::string read_version(BoundedReader& reader, const ElfHeaders& headers) {
  const std::optional<uint64_t> address = find_symbol(reader, headers, {"Py_Version", STT_OBJECT});
  if (!address.has_value()) return version_from_text(reader, headers);
  const std::optional<uint64_t> offset = file_offset_of(*address, headers.segments, 0);
  uint64_t hex = 0;
  return offset.has_value() && reader.read(*offset, hex) && hex <= UINT32_MAX ? version_of(hex) : "";
}

// One sentence when the beginning of _PyRuntime says otherwise than the version.
std::string problem_with_cookie(BoundedReader& reader, const ElfHeaders& headers, uint64_t runtime,
                                const std::string& version) {
  struct Beginning {
    std::array<char, 8> cookie;
    uint64_t version;
    uint64_t is_free_threaded;
  } beginning;
  const std::optional<uint64_t> offset = file_offset_of(runtime, headers.segments, PF_W);
  if (!offset.has_value() || !reader.read(*offset, beginning) ||
      std::string_view(beginning.cookie.data(), beginning.cookie.size()) != kCookie)
    return "Its runtime does not begin as that of its version, " + version + ", does.";
  if (version_of(beginning.version) != version)
    return "Its runtime is of version " + version_of(beginning.version) + ", and itself of " + version + ".";
  if (beginning.is_free_threaded != 0) return "It was built without the global lock, which is not known yet.";
  return "";
}

PythonProgram describe(BoundedReader& reader, const ElfHeaders& headers, uint64_t runtime) {
  PythonProgram program;
  program.runtime = runtime;
  program.version = read_version(reader, headers);
  const PythonOffsets* offsets = python_offsets_of(program.version);
  if (offsets == nullptr)
    program.problem = "Its version, " + (program.version.empty() ? "which cannot be read" : program.version) +
                      ", is none whose contexts can be read.";
  else if (offsets->minor >= kFirstWithCookie)
    program.problem = problem_with_cookie(reader, headers, runtime, program.version);
  if (!program.problem.empty()) return program;
  program.offsets = offsets;
  const std::optional<uint64_t> copy = find_symbol(reader, headers, {"PyContext_CopyCurrent", STT_FUNC});
  if (copy.has_value()) program.copy_offset = file_offset_of(*copy, headers.segments, PF_X);
  return program;
}

// A string at an offset of the file, up to 127 bytes.
std::string text_at(BoundedReader& reader, uint64_t offset) {
  std::array<uint8_t, 128> bytes{};
  const size_t got = reader.read(offset, std::span<uint8_t>(bytes).first(bytes.size() - 1));
  return std::string(reinterpret_cast<const char*>(bytes.data()), strnlen(reinterpret_cast<const char*>(bytes.data()), got));
}

bool is_musl(BoundedReader& reader, const ElfHeaders& headers) {
  for (const Elf64_Phdr& segment : headers.segments)
    if (segment.p_type == PT_INTERP) return text_at(reader, segment.p_offset).find("/ld-musl-") != std::string::npos;
  return false;
}

// The shared library with CPython among those that the file needs.
std::string needed_library(BoundedReader& reader, const ElfHeaders& headers) {
  std::vector<uint64_t> names;
  std::optional<uint64_t> strings;
  for (const Elf64_Phdr& segment : headers.segments) {
    if (segment.p_type != PT_DYNAMIC) continue;
    const uint64_t count = std::min(segment.p_filesz / sizeof(Elf64_Dyn), kMaxDynamicEntries);
    for (uint64_t index = 0; index < count; index++) {
      Elf64_Dyn entry;
      uint64_t at = 0;
      if (__builtin_add_overflow(segment.p_offset, index * sizeof(entry), &at) || !reader.read(at, entry)) break;
      if (entry.d_tag == DT_NULL) break;
      if (entry.d_tag == DT_NEEDED) names.push_back(entry.d_un.d_val);
      if (entry.d_tag == DT_STRTAB) strings = file_offset_of(entry.d_un.d_ptr, headers.segments, 0);
    }
  }
  for (const uint64_t name : names) {
    uint64_t at = 0;
    if (!strings.has_value() || __builtin_add_overflow(*strings, name, &at)) continue;
    const std::string text = text_at(reader, at);
    if (is_libpython(text)) return text;
  }
  return "";
}

}  // namespace

bool is_libpython(std::string_view name) {
  constexpr std::string_view kPrefix = "libpython3.";
  if (!name.starts_with(kPrefix)) return false;
  size_t at = kPrefix.size();
  while (at < name.size() && is_digit(name[at])) at++;
  if (at == kPrefix.size()) return false;
  // Letters behind the version tell of another build: t without the global lock, d for debugging.
  while (at < name.size() && name[at] >= 'a' && name[at] <= 'z') at++;
  return name.substr(at).starts_with(".so");
}

PythonSearch find_python(const ByteSource& source) {
  PythonSearch search;
  BoundedReader reader(source);
  ElfHeaders headers;
  if (read_elf_headers(reader, headers)) {
    const std::optional<uint64_t> runtime = find_symbol(reader, headers, {"_PyRuntime", STT_OBJECT});
    if (runtime.has_value()) search.program = describe(reader, headers, *runtime);
    else search.library = needed_library(reader, headers);
    search.is_musl = is_musl(reader, headers);
    bool has_first = false;
    for (const Elf64_Phdr& segment : headers.segments) {
      if (segment.p_type == PT_PHDR) search.headers_address = segment.p_vaddr;
      if (segment.p_type != PT_LOAD || has_first) continue;
      has_first = true;
      search.first_address = segment.p_vaddr;
      if (search.headers_address == 0) search.headers_address = segment.p_vaddr - segment.p_offset + headers.file.e_phoff;
    }
  }
  search.bytes_read = reader.bytes_read();
  return search;
}

}  // namespace spanloom
