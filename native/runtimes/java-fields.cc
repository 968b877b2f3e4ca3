// SPDX-License-Identifier: Apache-2.0
#include "runtimes/java-fields.h"

#include <map>
#include <string>
#include <vector>

namespace spanloom {
namespace {

constexpr uint64_t kMaxEntries = 16384;
constexpr uint64_t kMaxEntryBytes = 256;
constexpr size_t kMaxNameBytes = 64;
constexpr uint64_t kEntriesInChunk = 64;

enum Part { kType, kName, kIsStatic, kOffset, kAddress, kBytes };

uint64_t word_at(std::span<const uint8_t> bytes, uint64_t at) {
  uint64_t word;
  std::memcpy(&word, bytes.data() + at, sizeof(word));
  return word;
}

// Names repeat: each is read once.
class Names {
 public:
  explicit Names(BoundedReader& memory) : memory_(memory) {}

  const std::string& at(uint64_t address) {
    const auto [known, is_new] = known_.try_emplace(address);
    if (is_new) known->second = read_java_text(memory_, address, kMaxNameBytes);
    return known->second;
  }

 private:
  BoundedReader& memory_;
  std::map<uint64_t, std::string> known_;
};

}  // namespace

std::string read_java_text(BoundedReader& memory, uint64_t address, size_t max_bytes) {
  std::string text(max_bytes, '\0');
  text.resize(memory.read(address, std::span<uint8_t>(reinterpret_cast<uint8_t*>(text.data()), text.size())));
  text.resize(std::min(text.size(), text.find('\0')));
  // It is a process's own word, and goes into logs.
  for (char& character : text)
    if (character < 0x20 || character > 0x7e) character = '?';
  return text;
}

void read_java_fields(BoundedReader& memory, const JavaLibrary& library, uint64_t moved_by, std::span<JavaField> fields) {
  uint64_t table = 0;
  std::array<uint64_t, 6> entry{};
  if (!memory.read(library.fields + moved_by, table)) return;
  for (size_t part = 0; part < entry.size(); part++)
    if (!memory.read(library.entry[part] + moved_by, entry[part])) return;
  if (entry[kBytes] == 0 || entry[kBytes] > kMaxEntryBytes) return;
  for (size_t part = 0; part < kBytes; part++)
    if (entry[part] > entry[kBytes] - std::min<uint64_t>(entry[kBytes], sizeof(uint64_t))) return;

  Names names(memory);
  std::vector<uint8_t> chunk(kEntriesInChunk * entry[kBytes]);
  for (uint64_t index = 0; index < kMaxEntries; index += kEntriesInChunk) {
    const size_t got = memory.read(table + index * entry[kBytes], std::span<uint8_t>(chunk));
    for (uint64_t at = 0; at + entry[kBytes] <= got; at += entry[kBytes]) {
      const std::span<const uint8_t> bytes = std::span<const uint8_t>(chunk).subspan(at, entry[kBytes]);
      const uint64_t type = word_at(bytes, entry[kType]);
      if (type == 0) return;
      for (JavaField& field : fields) {
        if (field.value.has_value() || names.at(type) != field.type) continue;
        if (names.at(word_at(bytes, entry[kName])) != field.name) continue;
        // A number of 32 bits.
        const bool is_static = static_cast<uint32_t>(word_at(bytes, entry[kIsStatic])) != 0;
        if (is_static == field.is_static) field.value = word_at(bytes, entry[is_static ? kAddress : kOffset]);
      }
    }
    if (got < chunk.size()) return;
  }
}

}  // namespace spanloom
