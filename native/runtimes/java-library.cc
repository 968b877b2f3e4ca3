// SPDX-License-Identifier: Apache-2.0
//
// Of thread-local storage only x86_64 is known. Libraries that are loaded late reach theirs through the thread's vector of
// blocks; the loader writes the number of the block wherever a relocation of the type DTPMOD64 asks for it, which names no
// symbol when it means the library itself.
#include "runtimes/java-library.h"

#include <vector>

#include "elf-reader.h"

namespace spanloom {

#if defined(__x86_64__)

namespace {

constexpr uint64_t kMaxRelocations = 1'000'000;
constexpr size_t kRelocationsInChunk = 2048;

// Only JDKs with virtual threads export one of these: 21 to 25, and 23 and later.
constexpr std::array<SymbolName, 2> kSigns = {
    {{"JVM_VirtualThreadStart", STT_FUNC}, {"JVM_VirtualThreadDisableSuspend", STT_FUNC}}};

struct Variable {
  uint64_t JavaLibrary::*address;
  SymbolName symbol;
  bool is_needed = true;
};

constexpr Variable kVariables[] = {
    {&JavaLibrary::fields, {"gHotSpotVMStructs", STT_OBJECT}},
    {&JavaLibrary::thread_methods, {"_ZTV10JavaThread", STT_OBJECT}},
    {&JavaLibrary::tid_offset, {"_ZN16java_lang_Thread11_tid_offsetE", STT_OBJECT}},
    {&JavaLibrary::eetop_offset, {"_ZN16java_lang_Thread13_eetop_offsetE", STT_OBJECT}},
    {&JavaLibrary::safepoint_counter, {"_ZN20SafepointSynchronize18_safepoint_counterE", STT_OBJECT}},
    {&JavaLibrary::bad_bits, {"ZPointerLoadBadMask", STT_OBJECT}, false},
    {&JavaLibrary::bad_address_bits, {"XAddressBadMask", STT_OBJECT}, false},
    {&JavaLibrary::current_thread, {"_ZN6Thread12_thr_currentE", STT_TLS}},
};

// In the order of JavaLibrary::entry.
constexpr std::array<SymbolName, 6> kEntry = {{{"gHotSpotVMStructEntryTypeNameOffset", STT_OBJECT},
                                               {"gHotSpotVMStructEntryFieldNameOffset", STT_OBJECT},
                                               {"gHotSpotVMStructEntryIsStaticOffset", STT_OBJECT},
                                               {"gHotSpotVMStructEntryOffsetOffset", STT_OBJECT},
                                               {"gHotSpotVMStructEntryAddressOffset", STT_OBJECT},
                                               {"gHotSpotVMStructEntryArrayStride", STT_OBJECT}}};

// Instances point behind the offset to the top and the type information, which the table of methods begins with.
constexpr uint64_t kMethodsBegin = 16;

std::optional<uint64_t> find_module(BoundedReader& reader, const ElfHeaders& headers) {
  std::array<uint8_t, kRelocationsInChunk * sizeof(Elf64_Rela)> chunk;
  for (const Elf64_Shdr& section : headers.sections) {
    if (section.sh_type != SHT_RELA || section.sh_entsize != sizeof(Elf64_Rela)) continue;
    const uint64_t count = std::min(section.sh_size / sizeof(Elf64_Rela), kMaxRelocations);
    for (uint64_t index = 0; index < count; index += kRelocationsInChunk) {
      uint64_t at = 0;
      if (__builtin_add_overflow(section.sh_offset, index * sizeof(Elf64_Rela), &at)) break;
      const size_t wanted = static_cast<size_t>(std::min<uint64_t>(kRelocationsInChunk, count - index)) * sizeof(Elf64_Rela);
      const size_t got = reader.read(at, std::span<uint8_t>(chunk).first(wanted));
      for (size_t offset = 0; offset + sizeof(Elf64_Rela) <= got; offset += sizeof(Elf64_Rela)) {
        Elf64_Rela relocation;
        std::memcpy(&relocation, chunk.data() + offset, sizeof(relocation));
        if (relocation.r_info == ELF64_R_INFO(0, R_X86_64_DTPMOD64)) return relocation.r_offset;
      }
      if (got < wanted) break;
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> find_first_byte(const ElfHeaders& headers) {
  for (const Elf64_Phdr& segment : headers.segments)
    if (segment.p_type == PT_LOAD) return segment.p_offset == 0 ? std::optional(segment.p_vaddr) : std::nullopt;
  return std::nullopt;
}

std::optional<JavaLibrary> describe(BoundedReader& reader, const ElfHeaders& headers) {
  std::vector<SymbolName> names(kSigns.begin(), kSigns.end());
  names.insert(names.end(), kEntry.begin(), kEntry.end());
  for (const Variable& variable : kVariables) names.push_back(variable.symbol);
  const SymbolValues values = find_symbols(reader, headers, names);
  auto value = values.begin();
  bool has_sign = false;
  for (size_t index = 0; index < kSigns.size(); index++) has_sign = (value++)->has_value() || has_sign;
  if (!has_sign) return std::nullopt;
  JavaLibrary library;
  for (uint64_t& address : library.entry) address = (value++)->value_or(0);
  bool has_all = std::count(library.entry.begin(), library.entry.end(), 0) == 0;
  for (const Variable& variable : kVariables) {
    library.*variable.address = value->value_or(0);
    has_all = has_all && (value->has_value() || !variable.is_needed);
    value++;
  }
  library.thread_methods += kMethodsBegin;
  const std::optional<uint64_t> module = find_module(reader, headers);
  const std::optional<uint64_t> first_byte = find_first_byte(headers);
  library.module = module.value_or(0);
  library.first_byte = first_byte.value_or(0);
  if (!has_all || !first_byte.has_value())
    library.problem = "Its libjvm.so lacks symbols that say where virtual threads are; one that keeps its table of symbols has them.";
  else if (!module.has_value()) library.problem = "Where its libjvm.so keeps the storage of threads cannot be told.";
  return library;
}

}  // namespace

JavaLibrarySearch find_java(const ByteSource& source) {
  JavaLibrarySearch search;
  BoundedReader reader(source);
  ElfHeaders headers;
  if (read_elf_headers(reader, headers)) search.library = describe(reader, headers);
  search.bytes_read = reader.bytes_read();
  return search;
}

#else

JavaLibrarySearch find_java(const ByteSource&) { return {}; }

#endif

}  // namespace spanloom
