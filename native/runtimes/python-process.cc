// SPDX-License-Identifier: Apache-2.0
#include "runtimes/python-process.h"

#include <elf.h>

#include <array>
#include <cstring>

#include "process-files.h"

namespace spanloom {
namespace {

// Thread states that are looked at.
constexpr size_t kMaxThreads = 16;
// Of struct pthread: its places for the values of keys are within.
constexpr size_t kPthreadBytes = 2304;

uint64_t word_at(BoundedReader& memory, uint64_t address) {
  uint64_t word = 0;
  return address != 0 && memory.read(address, word) ? word : 0;
}

}  // namespace

std::optional<uint32_t> find_state_distance(const ByteSource& memory, uint64_t runtime, const PythonOffsets& offsets) {
  constexpr size_t kWords = kPthreadBytes / sizeof(uint64_t);
  BoundedReader reader(memory);
  std::array<size_t, kWords> hits{};
  size_t threads = 0;
  const uint64_t interpreter = word_at(reader, runtime + offsets.interpreters);
  uint64_t state = interpreter == 0 ? 0 : word_at(reader, interpreter + offsets.threads);
  for (size_t seen = 0; state != 0 && seen < kMaxThreads; seen++) {
    const uint64_t owner = word_at(reader, state + offsets.state_owner);
    std::array<uint64_t, kWords> words;
    // Without an owner it belongs to no thread yet.
    if (owner != 0) {
      if (!reader.read(owner, words)) return std::nullopt;
      threads++;
      for (size_t index = 0; index < kWords; index++)
        if (words[index] == state) hits[index]++;
    }
    state = word_at(reader, state + offsets.state_next);
  }
  for (size_t index = 0; threads > 0 && index < kWords; index++)
    if (hits[index] == threads) return static_cast<uint32_t>(index * sizeof(uint64_t));
  return std::nullopt;
}

std::optional<uint64_t> executable_bias(uint32_t process_id, const PythonSearch& executable) {
  const std::string text = read_bounded("/proc/" + std::to_string(process_id) + "/auxv", 4096);
  for (size_t at = 0; at + sizeof(Elf64_auxv_t) <= text.size(); at += sizeof(Elf64_auxv_t)) {
    Elf64_auxv_t entry;
    std::memcpy(&entry, text.data() + at, sizeof(entry));
    if (entry.a_type == AT_PHDR) return entry.a_un.a_val - executable.headers_address;
  }
  return std::nullopt;
}

}  // namespace spanloom
