// SPDX-License-Identifier: Apache-2.0
#include "redact.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "redact-call.h"

namespace spanloom {
namespace redaction {

// Logins, told by the first bytes of a call.
uint32_t Call::redact_logins(size_t from) {
  if (from >= captured_) return kIdle;
  uint32_t state = kIdle;
  switch (bytes_[from]) {
    case '*':
      state = redis_commands(from);
      break;
    case 'Q':
    case 'P':
    case 'p':
      if (captured_ - from >= 2 && bytes_[from + 1] == 0) state = postgresql(from);
      break;
    case 'A':
    case 'a':
    case 'H':
    case 'h':
    case 'C':
    case 'c':
      state = redact_line_login(from);
      break;
    default:
      break;
  }
  // Any of these letters can also be the length of a MySQL packet.
  return state != kIdle ? state : mysql_packets(from);
}

uint32_t Call::redact(uint32_t state) {
  Kind kind = static_cast<Kind>(state >> 28);
  const uint32_t value = state & kMaxValue;
  uint32_t next = kIdle;
  size_t from = 0;

  if (length_ == 0) return state;
  switch (kind) {
    case kBytes:
      cover(0, value);
      if (value >= length_) return remaining(value);
      from = std::min<size_t>(value, captured_);
      next = redact_logins(from);
      break;
    case kMysqlHeader:
    case kMysqlHeaderInAuth: {
      const uint32_t size = value & 0xffffff;
      const uint32_t sequence = value >> 24;
      if (kind == kMysqlHeaderInAuth && sequence != 0) {
        cover(0, captured_);
        return make_state(kMysqlAuth);
      }
      if (captured_ > 0 && size >= length_) next = mysql_packet(0, size, sequence);
      if (next == kIdle) next = redact_logins(0);
      break;
    }
    case kMysqlAuth:
      next = mysql_in_auth();
      break;
    case kRedis:
      next = continue_redis(value);
      break;
    case kHeaderName:
    case kHeaderValue:
    case kHeaderGap:
      return redact_headers(0, state);
    default:
      next = redact_logins(0);
      break;
  }
  const bool in_head = kind == kHeaderFolded || kind == kHeaderOpen;
  const uint32_t headers = redact_headers(from, in_head ? state : static_cast<uint32_t>(kIdle));
  return next != kIdle ? next : headers;
}

}  // namespace redaction

Redactor::Redactor(std::vector<std::unique_ptr<re2::RE2>> patterns) : patterns_(std::move(patterns)) {}
Redactor::~Redactor() = default;

std::unique_ptr<Redactor> Redactor::create(const std::vector<std::string>& patterns, std::string& error) {
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  std::vector<std::unique_ptr<re2::RE2>> compiled;
  for (const std::string& pattern : patterns) {
    auto expression = std::make_unique<re2::RE2>(pattern, options);
    if (!expression->ok()) {
      error = "redaction pattern '" + pattern + "' is not valid RE2: " + expression->error();
      return nullptr;
    }
    compiled.push_back(std::move(expression));
  }
  return std::unique_ptr<Redactor>(new Redactor(std::move(compiled)));
}

void Redactor::redact(uint8_t* bytes, size_t captured, uint64_t length, PayloadDirection direction,
                      uint64_t& socket_state) const {
  const unsigned shift = direction == PayloadDirection::kEgress ? 32 : 0;
  const uint32_t state = static_cast<uint32_t>(socket_state >> shift);
  const uint32_t next = redaction::Call(bytes, captured, length).redact(state);
  socket_state = (socket_state & ~(uint64_t{0xffffffff} << shift)) | uint64_t{next} << shift;
  if (captured > 0 && !patterns_.empty()) redact_patterns(bytes, captured);
}

// A pattern with groups overwrites its groups, one without overwrites the whole match.
void Redactor::redact_patterns(uint8_t* bytes, size_t captured) const {
  constexpr int kMaxGroups = 16;
  const re2::StringPiece text(reinterpret_cast<const char*>(bytes), captured);
  std::array<re2::StringPiece, kMaxGroups + 1> groups;
  for (const auto& pattern : patterns_) {
    const int group_count = std::min(pattern->NumberOfCapturingGroups(), kMaxGroups);
    size_t at = 0;
    while (at <= captured && pattern->Match(text, at, captured, re2::RE2::UNANCHORED, groups.data(), group_count + 1)) {
      const size_t end = static_cast<size_t>(groups[0].data() - text.data()) + groups[0].size();
      const bool empty = groups[0].empty();
      for (int group = group_count == 0 ? 0 : 1; group <= group_count; group++)
        if (!groups[group].empty())
          std::memset(bytes + (groups[group].data() - text.data()), '*', groups[group].size());
      at = empty ? end + 1 : end;
    }
  }
}

}  // namespace spanloom
