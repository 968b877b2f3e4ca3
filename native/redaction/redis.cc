// SPDX-License-Identifier: Apache-2.0
//
// Redis and its descendants (RESP2, RESP3, inline commands). Commands and replies are arrays of the same shape; where it is
// not known who is the client, an array is read as both. State: where in a command or a nested reply a direction is.
#include <algorithm>
#include <array>
#include <vector>

#include "../generated/protocol-tables.h"
#include "protocol.h"

namespace spanloom::redaction {
namespace {

constexpr uint16_t kPort = kRedisPorts[0];
constexpr size_t kMaxHeaderBytes = 24;
// Longer arguments are no keywords.
constexpr size_t kMaxKeywordBytes = 64;
// The documentation of commands is nested deepest.
constexpr size_t kMaxDepth = 32;
constexpr uint64_t kMaxBulkBytes = uint64_t{1} << 32;
constexpr uint64_t kMaxElements = 1 << 28;

// A length or a count and its CRLF.
struct Number {
  bool is_complete;
  bool is_valid;
  int64_t value;
  size_t next;
};

// The number behind the type at `from`.
Number number_at(const uint8_t* bytes, size_t from, size_t end) {
  size_t at = from + 1;
  const bool is_negative = at < end && bytes[at] == '-';
  if (is_negative) at++;
  const size_t digits = at;
  int64_t value = 0;
  while (at < end && at - from < kMaxHeaderBytes && is_digit(bytes[at])) value = value * 10 + (bytes[at++] - '0');
  if (at >= end || (bytes[at] == '\r' && at + 1 >= end)) {
    const bool may_go_on = at - from < kMaxHeaderBytes;
    return {false, may_go_on, 0, end};
  }
  const bool is_valid = at > digits && at - digits < 16 && bytes[at] == '\r' && bytes[at + 1] == '\n';
  return {true, is_valid && (!is_negative || value == 1), is_negative ? -value : value, at + 2};
}

enum class Command : uint8_t { kUnknown, kOther, kAuth, kHello, kMigrate, kConfig, kAcl, kSentinel, kModule };

Command command_of(std::string_view name) {
  if (equal_nocase(name, "auth")) return Command::kAuth;
  if (equal_nocase(name, "hello")) return Command::kHello;
  if (equal_nocase(name, "migrate")) return Command::kMigrate;
  if (equal_nocase(name, "config")) return Command::kConfig;
  if (equal_nocase(name, "acl")) return Command::kAcl;
  if (equal_nocase(name, "sentinel")) return Command::kSentinel;
  if (equal_nocase(name, "module")) return Command::kModule;
  return Command::kOther;
}

// requirepass, masterauth, primaryauth, auth-pass, tls-key-file-pass, sentinel-pass, ...
bool is_secret_setting(std::string_view name) {
  return contains_nocase(name, "pass") || ends_nocase(name, "auth") || contains_nocase(name, "secret");
}

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

// What of an argument is a secret.
enum class Secret : uint8_t { kNo, kWhole, kBehindFirst };

// Walks the arguments of one command and says which are secrets.
class CommandReader {
 public:
  // `count`: of words, the name included; 0 where it is not known yet.
  void begin(uint64_t count) {
    *this = CommandReader();
    count_ = count;
  }

  // A word that is no string, so this is no command.
  void skip() {
    if (index_++ == 0) command_ = Command::kOther;
  }
  // Some of the word before was not seen: those behind it may be secrets.
  void doubt() {
    if (command_ != Command::kOther) in_doubt_ = true;
  }

  // The next word. `is_whole`: else only its beginning is known, or nothing.
  Secret next(std::string_view word, bool is_whole) {
    const uint64_t index = index_++;
    if (index == 0) {
      command_ = is_whole ? command_of(word) : word.size() > 16 ? Command::kOther : Command::kUnknown;
      return Secret::kNo;
    }
    if (in_doubt_ || command_ == Command::kUnknown) return Secret::kWhole;
    if (cover_after_ > 0) return --cover_after_ == 0 ? Secret::kWhole : Secret::kNo;
    switch (command_) {
      case Command::kAuth:
        return count_ == 3 && index == 1 ? Secret::kNo : Secret::kWhole;
      case Command::kHello:
        if (index >= 2 && equal_nocase(word, "auth")) cover_after_ = 2;
        return Secret::kNo;
      case Command::kMigrate:
        if (index >= 6 && equal_nocase(word, "auth")) cover_after_ = 1;
        if (index >= 6 && equal_nocase(word, "auth2")) cover_after_ = 2;
        return Secret::kNo;
      case Command::kAcl:
        if (index == 1) {
          is_set_ = equal_nocase(word, "setuser");
          makes_secret_ = equal_nocase(word, "genpass");
        }
        return is_set_ && index >= 3 && !word.empty() && std::string_view("><#!").find(word[0]) != std::string_view::npos
                   ? Secret::kBehindFirst
                   : Secret::kNo;
      case Command::kConfig:
        if (index == 1) is_set_ = equal_nocase(word, "set");
        if (is_set_ && index % 2 == 0 && is_secret_setting(word)) cover_after_ = 1;
        return Secret::kNo;
      case Command::kSentinel:
        if (index == 1) is_set_ = equal_nocase(word, "set") || equal_nocase(word, "config");
        if (is_set_ && index >= 3 && index % 2 == 1 && is_secret_setting(word)) cover_after_ = 1;
        return Secret::kNo;
      case Command::kModule:
        if (index >= 3 && is_secret_setting(word)) cover_after_ = 1;
        return Secret::kNo;
      default:
        return Secret::kNo;
    }
  }

  // Nothing of what follows can be a secret.
  bool is_harmless() const { return command_ == Command::kOther && index_ > 0; }
  // Its reply is a secret: ACL GENPASS.
  bool makes_secret() const { return makes_secret_; }

 private:
  uint64_t count_ = 0;
  uint64_t index_ = 0;
  uint32_t cover_after_ = 0;
  Command command_ = Command::kUnknown;
  bool is_set_ = false;
  bool makes_secret_ = false;
  bool in_doubt_ = false;
};

// Walks the values of one reply and says which are secrets: those behind the name of a secret setting.
class ReplyReader {
 public:
  void begin() { *this = ReplyReader(); }

  // The next bulk or simple string.
  Secret next(std::string_view word, bool is_whole) {
    const bool follows = cover_next_;
    cover_next_ = false;
    if (follows) return Secret::kWhole;
    cover_next_ = is_whole && is_setting_name(word);
    return Secret::kNo;
  }
  // An array begins: of the hashes behind "passwords" (ACL GETUSER) all are secrets.
  bool next_is_secret() const { return cover_next_; }
  void enter_secret() { cover_next_ = false; }

 private:
  // As strict as replies are free: any list may hold the word "pass".
  static bool is_setting_name(std::string_view word) {
    return equal_nocase(word, "requirepass") || equal_nocase(word, "masterauth") || equal_nocase(word, "primaryauth") ||
           equal_nocase(word, "passwords") || ends_nocase(word, "-pass");
  }
  bool cover_next_ = false;
};

// An aggregate that is being read.
struct Level {
  uint32_t left;
  bool is_secret;
};

struct Direction {
  std::array<Level, kMaxDepth> levels;
  size_t depth = 0;
  // The value in hand is an array of bulk strings: a command, or as good as one.
  bool may_be_command = false;
  CommandReader command;
  ReplyReader reply;
};

class Redis final : public Conversation {
 public:
  Redis(Sender first, const Hints& hints) : Conversation(first) {
    roles_known_ = hints.sender_is_known || hints.has_port(kPort);
  }

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    const uint8_t* bytes = reader.window();
    const size_t end = reader.end();
    if (bytes[0] == '*') {
      const Number count = number_at(bytes, 0, end);
      if (!count.is_complete) return count.is_valid && call.starts_message;
      if (!count.is_valid) return false;
      if (call.starts_message && call.sender == Sender::kServer) return true;
      return count.value > 0 && count.next < end && bytes[count.next] == '$';
    }
    if (!call.starts_message) return false;
    if (is_server(call.sender) && is_reply_type(bytes[0])) return true;
    return is_client(call.sender) && begins_inline(bytes, end);
  }

  static bool begins_inline(const uint8_t* bytes, size_t end) {
    size_t name = 0;
    while (name < end && (bytes[name] == '\r' || bytes[name] == '\n')) name++;
    size_t name_end = name;
    while (name_end < end && !is_space(bytes[name_end])) name_end++;
    return name_end > name && is_known_command(view(bytes, name, name_end));
  }

  void resumed(Sender sender) override { direction_of(sender) = Direction(); }

  void turned(Sender sender) override {
    if (is_client(sender) && secret_reply_seen_) secret_replies_ = secret_reply_seen_ = false;
  }

  static bool is_reply_type(uint8_t byte) {
    return byte != 0 && std::string_view("+-:$*_#,(!=%~>|").find(static_cast<char>(byte)) != std::string_view::npos;
  }

  bool is_client(Sender sender) const { return sender == Sender::kClient || !roles_known_; }
  bool is_server(Sender sender) const { return sender == Sender::kServer || !roles_known_; }

  void step(Sender sender, StreamReader& reader) override {
    Direction& direction = direction_of(sender);
    const uint8_t* bytes = reader.window();
    const uint8_t type = bytes[reader.position()];
    if (direction.depth == 0 && (type == '\r' || type == '\n')) return reader.pass(1);
    if (direction.depth == 0 && type != '*' && (roles_known_ ? sender == Sender::kClient : !is_reply_type(type)))
      return inline_command(direction, reader);
    switch (type) {
      case '*':
      case '~':
      case '>':
      case '%':
      case '|':
        return aggregate(sender, direction, reader, type);
      case '$':
      case '!':
      case '=':
        return bulk(sender, direction, reader);
      default:
        return is_reply_type(type) ? line(direction, reader) : reader.lose();
    }
  }

  void aggregate(Sender sender, Direction& direction, StreamReader& reader, uint8_t type) {
    const size_t from = reader.position();
    const Number count = number_at(reader.window(), from, reader.end());
    if (!count.is_complete) return count.is_valid ? wait(reader) : reader.lose();
    if (!count.is_valid || count.value > static_cast<int64_t>(kMaxElements)) return reader.lose();
    const bool is_map = type == '%' || type == '|';
    const uint64_t elements = count.value < 0 ? 0 : static_cast<uint64_t>(count.value) * (is_map ? 2 : 1);
    if (direction.depth == 0) direction.reply.begin();
    const bool in_secret = is_in_secret(direction) || (is_server(sender) && direction.reply.next_is_secret());
    direction.reply.enter_secret();
    if (direction.depth == 0) {
      direction.may_be_command = type == '*';
      direction.command.begin(elements);
    } else {
      direction.may_be_command = false;
    }
    reader.pass(count.next - from);
    if (elements == 0) return value_done(direction);
    if (direction.depth == kMaxDepth) return reader.lose();
    direction.levels[direction.depth++] = {static_cast<uint32_t>(elements), in_secret};
  }

  static bool is_in_secret(const Direction& direction) {
    return direction.depth > 0 && direction.levels[direction.depth - 1].is_secret;
  }

  static void wait(StreamReader& reader) {
    if (reader.has_gap()) reader.pass(reader.available());
    else reader.keep();
  }

  // A value ended; aggregates that it completes end with it.
  static void value_done(Direction& direction) {
    while (direction.depth > 0) {
      Level& level = direction.levels[direction.depth - 1];
      if (level.left == 0) {
        direction.depth--;
        continue;
      }
      if (--level.left > 0) return;
      direction.depth--;
    }
  }

  void bulk(Sender sender, Direction& direction, StreamReader& reader) {
    const size_t from = reader.position();
    const uint8_t* bytes = reader.window();
    const Number size = number_at(bytes, from, reader.end());
    if (!size.is_complete) return size.is_valid ? wait(reader) : reader.lose();
    if (!size.is_valid || size.value > static_cast<int64_t>(kMaxBulkBytes)) return reader.lose();
    if (size.value < 0) {
      reader.pass(size.next - from);
      direction.command.skip();
      direction.reply.next({}, false);
      return value_done(direction);
    }
    const uint64_t length = static_cast<uint64_t>(size.value);
    const size_t text_end = size.next + static_cast<size_t>(std::min<uint64_t>(length, reader.end() - size.next));
    const bool is_whole = text_end - size.next == length;
    const bool may_be_keyword = length <= kMaxKeywordBytes;
    const bool in_command = is_client(sender) && direction.may_be_command && direction.depth == 1;
    if (!is_whole && may_be_keyword && !reader.has_gap()) {
      // Seen again when it is whole; what may be a secret is covered at once.
      CommandReader command = direction.command;
      if (in_command && command.next(view(bytes, size.next, text_end), false) != Secret::kNo)
        reader.cover(size.next, text_end);
      if (is_secret_reply(sender, direction)) reader.cover(size.next, text_end);
      return reader.keep();
    }
    Secret secret = Secret::kNo;
    if (in_command) {
      const std::string_view word = view(bytes, size.next, text_end);
      if (!is_whole && may_be_keyword) {
        secret = direction.command.next(word, false);
        direction.command.doubt();
      } else {
        secret = direction.command.next(word, is_whole);
      }
      if (direction.command.makes_secret()) secret_replies_ = true;
    }
    if (is_secret_reply(sender, direction)) secret = Secret::kWhole;
    if (is_server(sender)) {
      if (direction.reply.next(view(bytes, size.next, text_end), is_whole) != Secret::kNo) secret = Secret::kWhole;
      if (secret_replies_ && sender == Sender::kServer) secret_reply_seen_ = true;
      if (secret == Secret::kNo && is_whole) cover_acl_line(reader, size.next, text_end);
    }
    reader.pass(size.next - from);
    if (secret == Secret::kBehindFirst && length > 0) {
      reader.pass(1);
      reader.pass(length - 1, Passing::kCovered);
    } else {
      reader.pass(length, secret == Secret::kNo ? Passing::kShown : Passing::kCovered);
    }
    reader.pass(2);
    value_done(direction);
  }

  // A bulk string of a reply that is a secret whatever it says.
  bool is_secret_reply(Sender sender, const Direction& direction) const {
    return is_server(sender) && (is_in_secret(direction) || (secret_replies_ && sender == Sender::kServer));
  }

  // ACL LIST: `user bob on #HASH ~* +@all`.
  static void cover_acl_line(StreamReader& reader, size_t from, size_t to) {
    const std::string_view text = view(reader.window(), from, to);
    if (text.substr(0, 5) != "user ") return;
    for (size_t at = text.find(" #"); at != std::string_view::npos; at = text.find(" #", at + 1)) {
      size_t end = at + 2;
      while (end < text.size() && text[end] != ' ') end++;
      reader.cover(from + at + 2, from + end);
    }
  }

  void line(Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    size_t at = from;
    while (at + 1 < reader.end() && !(bytes[at] == '\r' && bytes[at + 1] == '\n')) at++;
    if (at + 1 >= reader.end()) return wait(reader);
    direction.reply.next(view(bytes, from + 1, at), true);
    if (direction.depth == 1) direction.command.skip();
    reader.pass(at + 2 - from);
    value_done(direction);
  }

  // A command typed as a line: words between blanks, quoted or not.
  void inline_command(Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    size_t end = from;
    while (end < reader.end() && bytes[end] != '\n') {
      if (bytes[end] < ' ' && bytes[end] != '\r' && bytes[end] != '\t') return reader.lose();
      end++;
    }
    const bool is_complete = end < reader.end();
    const size_t text_end = is_complete && end > from && bytes[end - 1] == '\r' ? end - 1 : end;
    CommandReader& command = direction.command;
    command.begin(is_complete ? count_words(bytes, from, text_end) : 0);
    for (size_t at = from; at < text_end;) {
      if (is_blank(bytes[at])) {
        at++;
        continue;
      }
      const size_t word = at;
      at = word_end(bytes, at, text_end);
      const bool is_whole = at < text_end || is_complete;
      const bool is_quoted = at - word >= 2 && (bytes[word] == '"' || bytes[word] == '\'') && bytes[at - 1] == bytes[word];
      const size_t begin = word + (is_quoted ? 1 : 0);
      const size_t stop = at - (is_quoted ? 1 : 0);
      const Secret secret = command.next(view(bytes, begin, stop), is_whole);
      if (secret == Secret::kWhole) reader.cover(begin, stop);
      if (secret == Secret::kBehindFirst) reader.cover(begin + 1, stop);
      if (command.makes_secret()) secret_replies_ = true;
    }
    if (!is_complete) return wait(reader);
    reader.pass(end + 1 - from);
  }

  static size_t word_end(const uint8_t* bytes, size_t at, size_t end) {
    uint8_t quote = 0;
    for (; at < end; at++) {
      if (quote != 0) {
        if (bytes[at] == '\\' && quote == '"' && at + 1 < end) at++;
        else if (bytes[at] == quote) quote = 0;
      } else if (bytes[at] == '"' || bytes[at] == '\'') {
        quote = bytes[at];
      } else if (is_blank(bytes[at])) {
        break;
      }
    }
    return std::min(at, end);
  }

  static uint64_t count_words(const uint8_t* bytes, size_t at, size_t end) {
    uint64_t count = 0;
    while (at < end) {
      if (is_blank(bytes[at])) {
        at++;
        continue;
      }
      count++;
      at = word_end(bytes, at, end);
    }
    return count;
  }

  Direction& direction_of(Sender sender) { return directions_[static_cast<size_t>(sender)]; }

  Direction directions_[2];
  bool roles_known_;
  // ACL GENPASS was sent: bulk replies are secrets until the client asks again after one.
  bool secret_replies_ = false;
  bool secret_reply_seen_ = false;
};

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
  const bool on_port = hints.has_port(kPort);
  const bool from_client = hints.is_from_client(kPort);
  if (at >= size) return Recognition::kUndecided;
  if (bytes[at] != '$') return on_port && !from_client ? Recognition::kResponse : Recognition::kNo;
  const Number length = number_at(bytes, at, size);
  if (!length.is_complete) return length.is_valid ? Recognition::kUndecided : Recognition::kNo;
  if (!length.is_valid) return Recognition::kNo;
  if (length.value < 0) return from_client ? Recognition::kNo : Recognition::kResponse;
  if (hints.is_from_server(kPort)) return Recognition::kResponse;
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
    const Number count = number_at(bytes, from, size);
    if (count.is_complete && count.is_valid && count.value > 0) return recognise_array(bytes, count.next, size, hints);
  }
  if (from >= size || !is_letter(bytes[from])) return Recognition::kNo;
  const size_t line_end = line_break(bytes, from, size);
  if (line_end != kNone && equal_nocase(view(bytes, from, line_end), "ping")) return Recognition::kRequest;
  if (!hints.has_port(kPort) || hints.is_from_server(kPort)) return Recognition::kNo;
  size_t word = from;
  while (word < size && !is_space(bytes[word])) word++;
  if (word < size && is_known_command(view(bytes, from, word))) return Recognition::kRequest;
  return Recognition::kNo;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp || size == 0) return Recognition::kNo;
  const bool on_port = hints.has_port(kPort);
  const bool from_client = hints.is_from_client(kPort);
  const size_t line_end = line_break(bytes, 0, size);
  const bool is_short = size < 16 && are_digits(bytes, 1, size);
  switch (bytes[0]) {
    case '*': {
      if (line_end == kNone) return is_short ? Recognition::kUndecided : Recognition::kNo;
      const Number count = number_at(bytes, 0, size);
      if (!count.is_valid) return Recognition::kNo;
      if (count.value < 1) return on_port ? Recognition::kResponse : Recognition::kNo;
      return recognise_array(bytes, count.next, size, hints);
    }
    case '$':
    case ':': {
      if (from_client) return Recognition::kNo;
      if (line_end == kNone) return is_short ? Recognition::kUndecided : Recognition::kNo;
      const Number count = number_at(bytes, 0, size);
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

std::unique_ptr<Conversation> open(Sender first, const Hints& hints, const Credentials&) {
  return std::make_unique<Redis>(first, hints);
}

}  // namespace

const Protocol kRedis = {recognise, open};

}  // namespace spanloom::redaction
