// SPDX-License-Identifier: Apache-2.0
#include "protocols/redis/redis-recognition.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "redaction/text.h"

namespace spanloom::redaction {
namespace {

constexpr size_t kMaxHeaderBytes = 24;

bool is_command_name(std::string_view text) {
  if (text.empty() || text.size() > 32) return false;
  for (const char character : text)
    if (!is_letter(static_cast<uint8_t>(character)) && character != '.' && character != '_' && character != '-')
      return false;
  return true;
}

bool is_known_command(std::string_view text) {
  const auto less = [](std::string_view left, std::string_view right) { return left < right; };
  std::array<char, 32> upper;
  if (text.size() > upper.size()) return false;
  for (size_t index = 0; index < text.size(); index++) {
    const uint8_t byte = static_cast<uint8_t>(text[index]);
    upper[index] = static_cast<char>(byte >= 'a' && byte <= 'z' ? byte & ~0x20 : byte);
  }
  return std::binary_search(kRedisCommands.begin(), kRedisCommands.end(), std::string_view(upper.data(), text.size()),
                            less);
}

bool are_digits(const uint8_t* bytes, size_t from, size_t end) {
  for (size_t at = from; at < end; at++)
    if (!is_digit(bytes[at]) && bytes[at] != '-' && bytes[at] != '\r') return false;
  return true;
}

size_t line_break(const uint8_t* bytes, size_t from, size_t end) {
  for (size_t at = from; at + 1 < end; at++)
    if (bytes[at] == '\r' && bytes[at + 1] == '\n') return at;
  return kNone;
}

Recognition recognise_array(const uint8_t* bytes, size_t at, size_t size, const Hints& hints) {
  const bool on_port = hints.has_port(kRedisPort);
  const bool from_client = hints.is_from_client(kRedisPort);
  if (at >= size) return Recognition::kUndecided;
  if (bytes[at] != '$') return on_port && !from_client ? Recognition::kResponse : Recognition::kNo;
  const RespNumber length = resp_number(bytes, at, size);
  if (!length.is_complete) return length.is_valid ? Recognition::kUndecided : Recognition::kNo;
  if (!length.is_valid) return Recognition::kNo;
  if (length.value < 0) return from_client ? Recognition::kNo : Recognition::kResponse;
  if (hints.is_from_server(kRedisPort)) return Recognition::kResponse;
  if (length.value > 32 || length.value == 0) return from_client ? Recognition::kNo : Recognition::kResponse;
  const size_t word_end = length.next + static_cast<size_t>(length.value);
  if (word_end > size) return from_client ? Recognition::kRequest : Recognition::kUndecided;
  const std::string_view word = view(bytes, length.next, word_end);
  if (!is_command_name(word)) return from_client ? Recognition::kNo : Recognition::kResponse;
  return Recognition::kRequest;
}

// Replies that no other protocol gives.
bool is_telling(const uint8_t* bytes, size_t line_end) {
  if (line_end == kNone || line_end < 1 || line_end > 512) return false;
  const std::string_view line = view(bytes, 0, line_end);
  return line == "+PONG" || line == "+QUEUED" || line.substr(0, 8) == "-NOAUTH " || line.substr(0, 11) == "-WRONGTYPE " ||
         line.substr(0, 7) == "-MOVED ";
}

Recognition recognise_inline(const uint8_t* bytes, size_t size, const Hints& hints) {
  size_t from = 0;
  while (from < size && from < 4 && (bytes[from] == '\r' || bytes[from] == '\n')) from++;
  if (from < size && from > 0 && bytes[from] == '*') {
    // A blank line before a command is allowed.
    const RespNumber count = resp_number(bytes, from, size);
    if (count.is_complete && count.is_valid && count.value > 0) return recognise_array(bytes, count.next, size, hints);
  }
  if (from >= size || !is_letter(bytes[from])) return Recognition::kNo;
  const size_t line_end = line_break(bytes, from, size);
  if (line_end != kNone && equal_nocase(view(bytes, from, line_end), "ping")) return Recognition::kRequest;
  if (!hints.has_port(kRedisPort) || hints.is_from_server(kRedisPort)) return Recognition::kNo;
  size_t word = from;
  while (word < size && !is_space(bytes[word])) word++;
  if (word < size && is_known_command(view(bytes, from, word))) return Recognition::kRequest;
  return Recognition::kNo;
}

}  // namespace

RespNumber resp_number(const uint8_t* bytes, size_t from, size_t end) {
  // More digits make no length: they are passed over.
  constexpr size_t kMaxDigits = 15;
  size_t at = from + 1;
  const bool is_negative = at < end && bytes[at] == '-';
  if (is_negative) at++;
  const size_t digits = at;
  int64_t value = 0;
  for (; at < end && at - from < kMaxHeaderBytes && is_digit(bytes[at]); at++)
    if (at - digits < kMaxDigits) value = value * 10 + (bytes[at] - '0');
  if (at >= end || (bytes[at] == '\r' && at + 1 >= end)) {
    const bool may_go_on = at - from < kMaxHeaderBytes;
    return {false, may_go_on, 0, end};
  }
  const bool is_valid = at > digits && at - digits <= kMaxDigits && bytes[at] == '\r' && bytes[at + 1] == '\n';
  return {true, is_valid && (!is_negative || value == 1), is_negative ? -value : value, at + 2};
}

bool begins_inline_command(const uint8_t* bytes, size_t end) {
  size_t name = 0;
  while (name < end && (bytes[name] == '\r' || bytes[name] == '\n')) name++;
  size_t name_end = name;
  while (name_end < end && !is_space(bytes[name_end])) name_end++;
  return name_end > name && is_known_command(view(bytes, name, name_end));
}

Recognition recognise_redis(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp || size == 0) return Recognition::kNo;
  const bool on_port = hints.has_port(kRedisPort);
  const bool from_client = hints.is_from_client(kRedisPort);
  const size_t line_end = line_break(bytes, 0, size);
  const bool is_short = size < 16 && are_digits(bytes, 1, size);
  switch (bytes[0]) {
    case '*': {
      if (line_end == kNone) return is_short ? Recognition::kUndecided : Recognition::kNo;
      const RespNumber count = resp_number(bytes, 0, size);
      if (!count.is_valid) return Recognition::kNo;
      if (count.value < 1) return on_port ? Recognition::kResponse : Recognition::kNo;
      return recognise_array(bytes, count.next, size, hints);
    }
    case '$':
    case ':': {
      if (from_client) return Recognition::kNo;
      if (line_end == kNone) return is_short ? Recognition::kUndecided : Recognition::kNo;
      const RespNumber count = resp_number(bytes, 0, size);
      if (!count.is_valid) return on_port && bytes[0] == ':' ? Recognition::kResponse : Recognition::kNo;
      if (on_port || bytes[0] == ':') return Recognition::kResponse;
      const uint64_t end = count.next + static_cast<uint64_t>(std::max<int64_t>(count.value, 0));
      const bool fits = count.value < 0 || end >= size || (bytes[end] == '\r' && (end + 1 >= size || bytes[end + 1] == '\n'));
      return fits ? Recognition::kResponse : Recognition::kNo;
    }
    case '+':
    case '-':
    case '_':
    case '%':
    case '>':
    case '~':
    case '#':
    case ',':
      if (from_client) return Recognition::kNo;
      if (on_port)
        return line_end != kNone && line_end > 0 ? Recognition::kResponse : Recognition::kNo;
      return is_telling(bytes, line_end) ? Recognition::kResponse : Recognition::kNo;
    default:
      return recognise_inline(bytes, size, hints);
  }
}

}  // namespace spanloom::redaction
