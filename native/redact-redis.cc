// SPDX-License-Identifier: Apache-2.0
#include "redact-call.h"

namespace spanloom::redaction {

namespace {

// Commands that carry passwords. kUnknown: the command's name has not been read yet.
enum RedisCommand : uint32_t { kOther, kUnknown, kAuth, kHello, kMigrate, kConfig, kAcl };

constexpr size_t kLongestRedisCommand = 7;

}  // namespace

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

// Goes on with a command that the previous call of this direction left unfinished.
uint32_t Call::continue_redis(uint32_t value) {
  if (captured_ > 0 && bytes_[0] == '*') return redis_commands(0);
  if (captured_ > 0 && bytes_[0] == '$') {
    size_t at = 0;
    const uint32_t state = redis_bulks(at, kMaxValue, value & 7, value >> 3);
    return state != kIdle ? state : redis_commands(at);
  }
  // It is lost which argument this belongs to: all are overwritten, as those of AUTH are, until the next command.
  cover(0, captured_);
  return make_state(kRedis, kAuth);
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

}  // namespace spanloom::redaction
