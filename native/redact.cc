// SPDX-License-Identifier: Apache-2.0
#include "redact.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace spanloom {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

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

constexpr uint32_t kMaxValue = 0x0fffffff;
constexpr uint32_t kOpen = 1u << 16;
constexpr uint32_t kLineStart = 1u << 17;

constexpr uint32_t make_state(Kind kind, uint32_t value = 0) { return kind << 28 | value; }

constexpr std::array<std::string_view, 4> kHeaderNames = {"authorization", "cookie", "proxy-authorization",
                                                          "set-cookie"};

uint8_t lower(uint8_t byte) { return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte; }
bool is_blank(uint8_t byte) { return byte == ' ' || byte == '\t'; }
bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
bool is_word(uint8_t byte) {
  return is_digit(byte) || byte == '_' || (lower(byte) >= 'a' && lower(byte) <= 'z') || byte >= 0x80;
}
bool is_text(uint8_t byte) { return (byte >= 0x20 && byte < 0x7f) || byte == '\t' || byte == '\n' || byte == '\r'; }

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

// ---- HTTP/1 header lines -------------------------------------------------------------------------------------------

// Overwrites up to the end of the line and returns the position of its LF, kNone when the line is not finished here.
size_t Call::cover_line(size_t from) {
  const size_t newline = find('\n', from, captured_);
  size_t end = newline == kNone ? captured_ : newline;
  if (end > from && bytes_[end - 1] == '\r') end--;
  cover(from, end);
  return newline;
}

constexpr size_t kLongestMethod = 24;

// A status line, or a method of any name before something that looks like an HTTP target.
bool Call::looks_like_start(size_t at) const {
  if (starts(at, "HTTP/1.") || starts(at, "CONNECT ")) return true;
  size_t end = at;
  while (end < captured_ && ((bytes_[end] >= 'A' && bytes_[end] <= 'Z') || bytes_[end] == '-')) end++;
  if (end - at < 3 || end - at > kLongestMethod || captured_ - end < 2 || bytes_[end] != ' ') return false;
  return bytes_[end + 1] == '/' || bytes_[end + 1] == '*' || starts(end + 1, "http");
}

// A request or status line; of a line that the call cuts the beginning decides.
bool Call::is_start_line(size_t at, size_t end, bool complete) const {
  if (!complete) return looks_like_start(at);
  if (starts(at, "HTTP/1.")) return true;
  if (end > at && bytes_[end - 1] == '\r') end--;
  return end - at >= 9 && std::memcmp(bytes_ + end - 9, " HTTP/1.", 8) == 0;
}

// Matches the rest of a header name and its colon. Returns where the value begins; kNone when it is another header, or
// when the call ends first: then `matched` is the number of characters matched so far, else 0.
size_t Call::match_header(size_t at, size_t name, size_t& matched) const {
  const std::string_view text = kHeaderNames[name];
  while (at < captured_ && matched < text.size() && lower(bytes_[at]) == static_cast<uint8_t>(text[matched])) {
    at++;
    matched++;
  }
  if (matched == text.size())
    while (at < captured_ && is_blank(bytes_[at])) at++;
  if (at == captured_) return kNone;
  if (matched < text.size() || bytes_[at] != ':') {
    matched = 0;
    return kNone;
  }
  return at + 1;
}

uint32_t Call::redact_headers(size_t from, uint32_t state) {
  const Kind kind = static_cast<Kind>(state >> 28);
  bool open = kind == kHeaderGap || kind == kHeaderOpen || (kind != kIdle && (state & kOpen) != 0);
  bool after_secret = kind == kHeaderFolded;
  // Every call is taken to begin a line, except that its first LF makes no blank line when it ends a line.
  const bool mid_line = kind == kHeaderName || (kind == kHeaderOpen && (state & kLineStart) == 0);
  size_t at = from;
  size_t name = 0;
  size_t matched = 0;
  bool unfinished_value = false;

  const auto cover_value = [&](size_t value) {
    while (value < captured_ && is_blank(bytes_[value])) value++;
    const size_t newline = cover_line(value);
    unfinished_value = newline == kNone;
    after_secret = !unfinished_value;
    at = unfinished_value ? captured_ : newline + 1;
  };

  if (at < captured_) {
    if (kind == kHeaderName) {
      name = (state >> 8) & 0xff;
      matched = state & 0xff;
      const size_t value = match_header(at, name, matched);
      if (value != kNone) {
        matched = 0;
        cover_value(value);
      } else if (matched > 0) {
        at = captured_;
      }
    } else if (kind == kHeaderValue) {
      cover_value(at);
    } else if (kind == kHeaderGap) {
      if (looks_like_start(at))
        open = false;
      else
        cover_value(at);
      // An unknown line that goes on stays unknown, whether or not bytes are missing.
      if (unfinished_value) return make_state(kHeaderGap);
    }
  } else {
    // Nothing is left to read; a gap inside an open head hides the end of the line.
    if (!has_gap()) return state;
    return open ? make_state(kHeaderGap) : kIdle;
  }

  while (at < captured_) {
    const uint8_t first = bytes_[at];
    if (after_secret && is_blank(first)) {
      cover_value(at);
      continue;
    }
    after_secret = false;
    if (first == '\n' || (first == '\r' && at + 1 < captured_ && bytes_[at + 1] == '\n')) {
      if (!mid_line || at > from) open = false;
      at += first == '\n' ? 1 : 2;
      continue;
    }
    matched = 0;
    name = 0;
    while (name < kHeaderNames.size() && static_cast<uint8_t>(kHeaderNames[name][0]) != lower(first)) name++;
    if (name < kHeaderNames.size()) {
      const size_t value = match_header(at, name, matched);
      if (value != kNone) {
        matched = 0;
        cover_value(value);
        continue;
      }
      if (matched > 0) break;
    }
    const size_t newline = find('\n', at, captured_);
    if (is_start_line(at, newline == kNone ? captured_ : newline, newline != kNone)) open = true;
    if (newline == kNone) break;
    at = newline + 1;
  }

  const uint32_t flag = open ? kOpen : 0;
  if (has_gap()) return open ? make_state(kHeaderGap) : kIdle;
  if (unfinished_value) return make_state(kHeaderValue, flag);
  if (matched > 0) return make_state(kHeaderName, flag | static_cast<uint32_t>(name << 8 | matched));
  if (after_secret) return make_state(kHeaderFolded, flag);
  return open ? make_state(kHeaderOpen, at == captured_ ? kLineStart : 0) : kIdle;
}

// ---- Redis ---------------------------------------------------------------------------------------------------------

// Commands that carry passwords. kUnknown: the command's name has not been read yet.
enum RedisCommand : uint32_t { kOther, kUnknown, kAuth, kHello, kMigrate, kConfig, kAcl };

constexpr size_t kLongestRedisCommand = 7;

// Reads "<type><digits>CRLF" at `at`. Returns what follows; kNone when it is cut or is something else.
size_t Call::number_line(size_t at, uint64_t& number) const {
  number = 0;
  size_t digit = at + 1;
  for (; digit < captured_ && is_digit(bytes_[digit]); digit++) {
    if (digit - at > 9) return kNone;
    number = number * 10 + (bytes_[digit] - '0');
  }
  if (digit == at + 1 || captured_ < digit + 2 || bytes_[digit] != '\r' || bytes_[digit + 1] != '\n') return kNone;
  return digit + 2;
}

// A number line that the end of the call cut.
bool Call::is_cut_number(size_t at) const {
  if (captured_ - at > 11) return false;
  for (at++; at < captured_; at++)
    if (!is_digit(bytes_[at]) && !(bytes_[at] == '\r' && at + 1 == captured_)) return false;
  return true;
}

// After missing bytes it is not known which argument comes next: all are overwritten then, as those of AUTH are.
uint32_t Call::redis_unfinished(uint32_t command, uint32_t secrets) const {
  if (command == kOther) return kIdle;
  return has_gap() ? make_state(kRedis, kAuth) : make_state(kRedis, secrets << 3 | command);
}

uint32_t Call::redis_commands(size_t at) {
  while (at < captured_ && bytes_[at] == '*') {
    uint64_t count;
    const size_t arguments = number_line(at, count);
    if (arguments == kNone) return is_cut_number(at) ? redis_unfinished(kUnknown, 0) : kIdle;
    at = arguments;
    const uint32_t state = redis_bulks(at, count, kUnknown, 0);
    if (state != kIdle) return state;
  }
  return kIdle;
}

// Reads `count` arguments of a command; `at` moves behind them. Returns what is left when the call ends first.
uint32_t Call::redis_bulks(size_t& at, uint64_t count, uint32_t command, uint32_t secrets) {
  for (; count > 0; count--) {
    const uint32_t unfinished = redis_unfinished(command, secrets);
    if (at >= captured_) return unfinished;
    if (bytes_[at] != '$') return kIdle;
    uint64_t size;
    const size_t begin = number_line(at, size);
    if (begin == kNone) {
      // An ended prefix of a length line, or garbage: what follows is overwritten if the command asks for it.
      cover(at, captured_);
      return unfinished;
    }
    const uint64_t end = begin + size;
    if (command == kUnknown) {
      if (end > captured_) return size > kLongestRedisCommand ? kIdle : unfinished;
      command = size == 4 && starts_nocase(begin, "auth")      ? kAuth
                : size == 5 && starts_nocase(begin, "hello")   ? kHello
                : size == 7 && starts_nocase(begin, "migrate") ? kMigrate
                : size == 6 && starts_nocase(begin, "config")  ? kConfig
                : size == 3 && starts_nocase(begin, "acl")     ? kAcl
                                                               : kOther;
    } else if (secrets > 0 || command == kAuth) {
      cover(begin, end);
      if (secrets > 0) secrets--;
    } else if (command == kAcl) {
      if (begin < captured_ && std::string_view("><#!").find(static_cast<char>(bytes_[begin])) != kNone)
        cover(begin + 1, end);
    } else if (command == kHello || command == kMigrate) {
      if (size == 4 && starts_nocase(begin, "auth")) secrets = command == kHello ? 2 : 1;
      if (size == 5 && starts_nocase(begin, "auth2")) secrets = 2;
    } else if (command == kConfig) {
      if ((size == 11 && starts_nocase(begin, "requirepass")) || (size == 10 && starts_nocase(begin, "masterauth")))
        secrets = 1;
    }
    if (end + 2 > captured_) {
      // The argument or its CRLF is cut. A keyword that is cut may announce a secret: the rest is overwritten then.
      at = captured_;
      return redis_unfinished(command, secrets);
    }
    at = static_cast<size_t>(end + 2);
  }
  return kIdle;
}

// Redis commands typed as a line, and AUTH of mail protocols.
uint32_t Call::redact_line_login(size_t from) {
  const size_t newline = find('\n', from, captured_);
  const size_t end = newline == kNone ? captured_ : newline;
  size_t secret = kNone;
  if (starts_nocase(from, "auth ")) {
    secret = from + 5;
  } else if (starts_nocase(from, "hello ")) {
    const size_t keyword = find_nocase(" auth ", from, end);
    if (keyword != kNone) secret = keyword + 6;
  } else if (starts_nocase(from, "config ")) {
    const size_t password = find_nocase(" requirepass ", from, end);
    const size_t keyword = password != kNone ? password : find_nocase(" masterauth ", from, end);
    if (keyword != kNone) secret = (password != kNone ? 13 : 12) + keyword;
  } else if (starts_nocase(from, "acl setuser ")) {
    secret = from + 12;
  }
  if (secret == kNone) return kIdle;
  return cover_line(secret) == kNone && !has_gap() ? make_state(kHeaderValue) : kIdle;
}

// ---- PostgreSQL ----------------------------------------------------------------------------------------------------

// Walks the frontend messages of one call: type, length of the rest (4 bytes, counting itself), body.
uint32_t Call::postgresql(size_t at) {
  if (bytes_[at] == 'p' && captured_ - at < 5) {
    // A password message whose length is still to come: passwords are shorter than this.
    return length_ != at + 4 && !has_gap() ? make_state(kBytes, 1024) : kIdle;
  }
  while (captured_ - at >= 5 && bytes_[at + 1] == 0) {
    const uint32_t size = bytes_[at + 2] << 16 | bytes_[at + 3] << 8 | bytes_[at + 4];
    if (size < 4) return kIdle;
    const uint64_t end = at + 1 + static_cast<uint64_t>(size);
    if (bytes_[at] == 'p') {
      // The same bytes may be a MySQL packet of 112 bytes; that it would be cut here speaks against PostgreSQL.
      if (end > length_ && length_ == at + 4 + 'p') return kIdle;
      cover(at + 5, end);
      if (end > length_) return remaining(end);
    } else if (bytes_[at] == 'Q' || bytes_[at] == 'P') {
      const size_t limit = static_cast<size_t>(std::min<uint64_t>(end, captured_));
      size_t statement = at + 5;
      if (bytes_[at] == 'P') {
        const size_t name_end = find(0, statement, limit);
        if (name_end == kNone) return kIdle;
        statement = name_end + 1;
      }
      const uint32_t state = sql(statement, end);
      if (state != kIdle) return state;
    }
    if (end >= captured_) return kIdle;
    at = static_cast<size_t>(end);
  }
  return kIdle;
}

// ---- MySQL ---------------------------------------------------------------------------------------------------------

constexpr uint32_t kMysqlProtocol41 = 0x200;
constexpr uint32_t kMysqlSecureConnection = 0x8000;
constexpr uint32_t kMysqlLengthEncodedAuth = 0x200000;

// Walks the client's packets of one call: length (3 bytes), sequence number, body.
uint32_t Call::mysql_packets(size_t at) {
  while (captured_ - at >= 4) {
    const uint32_t size = bytes_[at] | bytes_[at + 1] << 8 | bytes_[at + 2] << 16;
    const uint32_t sequence = bytes_[at + 3];
    if (size == 0 || sequence > 2) return kIdle;
    if (length_ == at + 4) return make_state(kMysqlHeader, sequence << 24 | size);
    if (captured_ - at < 5) return kIdle;
    const uint32_t state = mysql_packet(at + 4, size, sequence);
    if (state != kIdle || sequence != 0 || captured_ - at - 4 <= size) return state;
    at += 4 + size;
  }
  return kIdle;
}

uint32_t Call::mysql_packet(size_t body, uint32_t packet_length, uint32_t sequence) {
  const uint64_t end = body + static_cast<uint64_t>(packet_length);
  if (sequence != 0) return mysql_handshake(body, end);
  const uint8_t command = bytes_[body];
  if (command == 0x11 && end >= length_) {  // COM_CHANGE_USER: user, NUL, authentication data, ...
    size_t user = body + 1;
    while (user < captured_ && is_text(bytes_[user])) user++;
    if (user >= captured_ || bytes_[user] != 0) return kIdle;
    cover(user + 1, end);
    return end > length_ ? remaining(end) : make_state(kMysqlAuth);
  }
  if (command == 0x03 || command == 0x16) {  // COM_QUERY, COM_STMT_PREPARE
    size_t statement = body + 1;
    // Without query attributes the client still says so in two bytes (CLIENT_QUERY_ATTRIBUTES).
    if (captured_ - statement >= 2 && bytes_[statement] == 0 && bytes_[statement + 1] == 1) statement += 2;
    return sql(statement, end);
  }
  return kIdle;
}

// HandshakeResponse41: flags (4), maximum packet (4), character set (1), filler (23, of which MariaDB uses the last 4),
// user, NUL, authentication data, ...
uint32_t Call::mysql_handshake(size_t body, uint64_t end) {
  if (captured_ - body < 33 || end < body + 33) return kIdle;
  const uint32_t flags = bytes_[body] | bytes_[body + 1] << 8 | bytes_[body + 2] << 16;
  if ((flags & kMysqlProtocol41) == 0) return kIdle;
  for (size_t index = 9; index < 28; index++)
    if (bytes_[body + index] != 0) return kIdle;
  const size_t user_end = find(0, body + 32, captured_);
  if (user_end != kNone) {
    const size_t data = user_end + 1;
    if ((flags & (kMysqlSecureConnection | kMysqlLengthEncodedAuth)) == 0) {
      const size_t data_end = find(0, data, captured_);
      cover(data, data_end == kNone ? captured_ : data_end);
    } else if (data < captured_ && bytes_[data] == 0xfc && (flags & kMysqlLengthEncodedAuth) != 0) {
      const uint64_t size = captured_ - data >= 3 ? bytes_[data + 1] | bytes_[data + 2] << 8 : 0xffff;
      cover(data + 3, std::min(end, data + 3 + size));
    } else if (data < captured_) {
      cover(data + 1, std::min<uint64_t>(end, data + 1 + bytes_[data]));
    }
  }
  return end > length_ ? remaining(end) : make_state(kMysqlAuth);
}

// Packets of the client between its handshake response and its first command carry sequence numbers above 0.
uint32_t Call::mysql_in_auth() {
  if (captured_ < 4) {
    cover(0, captured_);
    return make_state(kMysqlAuth);
  }
  const uint32_t sequence = bytes_[3];
  if (sequence == 0) return redact_logins(0);
  const uint32_t size = bytes_[0] | bytes_[1] << 8 | bytes_[2] << 16;
  if (length_ == 4) return make_state(kMysqlHeaderInAuth, (sequence & 0xf) << 24 | size);
  cover(4, captured_);
  return make_state(kMysqlAuth);
}

// ---- SQL -----------------------------------------------------------------------------------------------------------

// Overwrites the literals that follow the words PASSWORD or IDENTIFIED. `end` may lie beyond the call.
uint32_t Call::sql(size_t from, uint64_t end) {
  const size_t limit = static_cast<size_t>(std::min<uint64_t>(end, captured_));
  for (size_t at = from; at < limit; at++) {
    const uint8_t byte = lower(bytes_[at]);
    // Letters that are rare in SQL stand for the words: passWord, identiFied.
    if (byte == 'w' && at >= from + 4 && limit - at >= 4 && starts_nocase(at - 4, "password")) {
      cover_literals(at + 4, limit);
      break;
    }
    if (byte == 'f' && at >= from + 6 && limit - at >= 4 && starts_nocase(at - 6, "identified")) {
      cover_literals(at + 4, limit);
      break;
    }
  }
  if (end <= length_) return kIdle;
  for (size_t at = from; at < std::min(from + 4, limit); at++)
    if (!is_text(bytes_[at])) return kIdle;
  return remaining(end);
}

// Quoted by ' or " (a backslash or a doubled quote does not end them) or by $tag$; one that is cut goes to the end.
void Call::cover_literals(size_t from, size_t end) {
  size_t at = from;
  while (at < end) {
    const uint8_t quote = bytes_[at];
    if (quote == '\'' || quote == '"') {
      size_t close = at + 1;
      while (close < end && bytes_[close] != quote) close += bytes_[close] == '\\' ? 2 : 1;
      close = std::min(close, end);
      cover(at + 1, close);
      at = close + 1;
    } else if (quote == '$') {
      size_t tag_end = at + 1;
      while (tag_end < end && is_word(bytes_[tag_end])) tag_end++;
      if (tag_end >= end || bytes_[tag_end] != '$') {
        at = tag_end;
        continue;
      }
      const std::string_view tag(reinterpret_cast<const char*>(bytes_ + at), tag_end + 1 - at);
      const std::string_view rest(reinterpret_cast<const char*>(bytes_ + tag_end + 1), end - tag_end - 1);
      const size_t length = rest.find(tag);
      const size_t close = length == kNone ? end : tag_end + 1 + length;
      const size_t next = close + tag.size();
      cover(tag_end + 1, close);
      at = next;
    } else {
      at++;
    }
  }
}

// ---- One call ------------------------------------------------------------------------------------------------------

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
      if (captured_ > 0 && bytes_[0] == '*') {
        next = redis_commands(0);
      } else if (captured_ > 0 && bytes_[0] == '$') {
        size_t at = 0;
        next = redis_bulks(at, kMaxValue, value & 7, value >> 3);
        if (next == kIdle && at < captured_ && bytes_[at] == '*') next = redis_commands(at);
      } else {
        // It is lost which argument this belongs to: all are overwritten, as those of AUTH are, until the next command.
        cover(0, captured_);
        return make_state(kRedis, kAuth);
      }
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

}  // namespace

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
  const uint32_t next = Call(bytes, captured, length).redact(state);
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
