// SPDX-License-Identifier: Apache-2.0
//
// Small questions to bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace spanloom::redaction {

inline constexpr size_t kNone = static_cast<size_t>(-1);

inline uint8_t lower(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte; }
inline bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\t'; }
inline bool is_space(uint8_t byte) { return byte == ' ' || (byte >= '\t' && byte <= '\r'); }
inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
inline bool is_letter(uint8_t byte) { return lower(byte) >= 'a' && lower(byte) <= 'z'; }
inline bool is_word(uint8_t byte) { return is_digit(byte) || is_letter(byte) || byte == '_' || byte >= 0x80; }

// 0xff where it is none.
inline uint8_t hex_digit(char character) {
  const uint8_t byte = static_cast<uint8_t>(character);
  if (is_digit(byte)) return byte - '0';
  const uint8_t letter = lower(byte);
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : 0xff;
}

// Numbers in network order.
inline uint32_t unsigned16(const uint8_t* bytes, size_t at) {
  return static_cast<uint32_t>(bytes[at]) << 8 | bytes[at + 1];
}
inline uint32_t unsigned32(const uint8_t* bytes, size_t at) {
  return unsigned16(bytes, at) << 16 | unsigned16(bytes, at + 2);
}

// Where the text at `from` ends: at its zero, or at `end`.
inline size_t text_end(const uint8_t* bytes, size_t from, size_t end) {
  while (from < end && bytes[from] != 0) from++;
  return from;
}

inline std::string_view view(const uint8_t* bytes, size_t from, size_t to) {
  return {reinterpret_cast<const char*>(bytes) + from, to - from};
}

inline bool equal_nocase(std::string_view text, std::string_view lower_text) {
  if (text.size() != lower_text.size()) return false;
  for (size_t index = 0; index < text.size(); index++)
    if (lower(static_cast<uint8_t>(text[index])) != static_cast<uint8_t>(lower_text[index])) return false;
  return true;
}

inline bool starts_nocase(std::string_view text, std::string_view lower_text) {
  return text.size() >= lower_text.size() && equal_nocase(text.substr(0, lower_text.size()), lower_text);
}

inline bool ends_nocase(std::string_view text, std::string_view lower_text) {
  return text.size() >= lower_text.size() && equal_nocase(text.substr(text.size() - lower_text.size()), lower_text);
}

// Position of `lower_text`, in any case, at or behind `from`; kNone where it is not.
inline size_t find_nocase(std::string_view text, std::string_view lower_text, size_t from = 0) {
  for (size_t at = from; at + lower_text.size() <= text.size(); at++)
    if (lower(static_cast<uint8_t>(text[at])) == static_cast<uint8_t>(lower_text[0]) &&
        equal_nocase(text.substr(at, lower_text.size()), lower_text))
      return at;
  return kNone;
}

inline bool contains_nocase(std::string_view text, std::string_view lower_text) {
  return find_nocase(text, lower_text) != kNone;
}

}  // namespace spanloom::redaction
