// SPDX-License-Identifier: Apache-2.0
//
// Inside redaction: one call's payload on its way, and what a direction of a socket leaves unfinished. The parts are in
// redact-headers.cc (HTTP/1), redact-redis.cc and redact-database.cc (PostgreSQL, MySQL, SQL); redact.cc chooses.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace spanloom::redaction {

inline constexpr size_t kNone = static_cast<size_t>(-1);

// What one direction of a socket left unfinished: kind in the upper four bits, value in the lower 28.
enum Kind : uint32_t {
  kIdle = 0,
  kBytes = 1,              // value: bytes still to overwrite
  kHeaderName = 2,         // value: open << 16 | name << 8 | characters matched; the line is cut inside a name
  kHeaderValue = 3,        // value: open << 16; inside a secret value
  kHeaderGap = 4,          // bytes of an open head were not captured: the next line may be the rest of a secret
  kHeaderFolded = 5,       // value: open << 16; a secret line ended, the next may continue it (RFC 9112 5.2)
  kHeaderOpen = 6,         // value: line_start << 17; inside a head, nothing unfinished
  kRedis = 7,              // value: arguments to overwrite << 3 | command
  kMysqlAuth = 8,          // the login is under way: packets with a sequence number above 0 are secrets
  kMysqlHeader = 9,        // value: sequence << 24 | length; a packet header read by itself
  kMysqlHeaderInAuth = 10  // as kMysqlHeader, in kMysqlAuth
};

inline constexpr uint32_t kMaxValue = 0x0fffffff;
inline constexpr uint32_t kOpen = 1u << 16;
inline constexpr uint32_t kLineStart = 1u << 17;

constexpr uint32_t make_state(Kind kind, uint32_t value = 0) { return kind << 28 | value; }

inline uint8_t lower(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte; }
inline bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\t'; }
inline bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
inline bool is_word(uint8_t byte) {
  return is_digit(byte) || byte == '_' || (lower(byte) >= 'a' && lower(byte) <= 'z') || byte >= 0x80;
}
inline bool is_text(uint8_t byte) { return (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte == '\n' || byte == '\r'; }

// One call's payload, and the state it leaves behind.
class Call {
 public:
  Call(uint8_t* bytes, size_t captured, uint64_t length) : bytes_(bytes), captured_(captured), length_(length) {}

  uint32_t redact(uint32_t state);

 private:
  void cover(size_t from, uint64_t to) {
    const size_t end = static_cast<size_t>(std::min<uint64_t>(to, captured_));
    if (from < end) std::memset(bytes_ + from, '*', end - from);
  }
  bool starts(size_t at, std::string_view text) const {
    return captured_ - at >= text.size() && std::memcmp(bytes_ + at, text.data(), text.size()) == 0;
  }
  bool starts_nocase(size_t at, std::string_view lower_text) const {
    if (captured_ < at || captured_ - at < lower_text.size()) return false;
    for (size_t index = 0; index < lower_text.size(); index++)
      if (lower(bytes_[at + index]) != static_cast<uint8_t>(lower_text[index])) return false;
    return true;
  }
  size_t find(uint8_t byte, size_t from, size_t end) const {
    if (from >= end) return kNone;
    const void* found = std::memchr(bytes_ + from, byte, end - from);
    return found == nullptr ? kNone : static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes_);
  }
  size_t find_nocase(std::string_view lower_text, size_t from, size_t end) const {
    for (size_t at = from; at + lower_text.size() <= end; at++)
      if (starts_nocase(at, lower_text)) return at;
    return kNone;
  }
  bool has_gap() const { return captured_ < length_; }
  // State of a message that ends at byte `end` of this call's stream, if that is beyond the call.
  uint32_t remaining(uint64_t end) const {
    if (end <= length_) return kIdle;
    return make_state(kBytes, static_cast<uint32_t>(std::min<uint64_t>(end - length_, kMaxValue)));
  }

  size_t cover_line(size_t from);
  uint32_t redact_headers(size_t from, uint32_t state);
  bool looks_like_start(size_t at) const;
  bool is_start_line(size_t at, size_t end, bool complete) const;
  size_t match_header(size_t at, size_t name, size_t& matched) const;

  uint32_t redact_logins(size_t from);
  uint32_t redact_line_login(size_t from);
  uint32_t redis_commands(size_t at);
  uint32_t continue_redis(uint32_t value);
  uint32_t redis_bulks(size_t& at, uint64_t count, uint32_t command, uint32_t secrets);
  bool is_cut_number(size_t at) const;
  uint32_t redis_unfinished(uint32_t command, uint32_t secrets) const;
  size_t number_line(size_t at, uint64_t& number) const;
  uint32_t postgresql(size_t at);
  uint32_t mysql_packets(size_t at);
  uint32_t mysql_packet(size_t body, uint32_t packet_length, uint32_t sequence);
  uint32_t mysql_handshake(size_t body, uint64_t end);
  uint32_t mysql_in_auth();
  uint32_t sql(size_t from, uint64_t end);
  void cover_literals(size_t from, size_t end);

  uint8_t* const bytes_;
  const size_t captured_;
  const uint64_t length_;
};

}  // namespace spanloom::redaction
