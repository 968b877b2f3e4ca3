// SPDX-License-Identifier: Apache-2.0
//
// Redis and its descendants (RESP2, RESP3, inline commands). Commands and replies are arrays of the same shape; where it is
// not known who is the client, an array is read as both. State: where in a command or a nested reply a direction is.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "generated/protocols.h"
#include "protocols/redis/redis-recognition.h"
#include "protocols/redis/redis-secrets.h"

namespace spanloom::redaction {
namespace {

// Longer arguments are no keywords.
constexpr size_t kMaxKeywordBytes = 64;
// More of a word that is written with escapes tells nothing more.
constexpr size_t kMaxSpeltBytes = 128;
// The documentation of commands is nested deepest.
constexpr size_t kMaxDepth = 32;
constexpr uint64_t kMaxBulkBytes = uint64_t{1} << 32;
constexpr uint64_t kMaxElements = 1 << 28;

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
  Redis(Sender first, const Hints& hints, bool covers_values) : Conversation(first), covers_values_(covers_values) {
    roles_known_ = hints.sender_is_known || hints.has_port(kRedisPort);
  }

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    const uint8_t* bytes = reader.window();
    const size_t end = reader.end();
    if (bytes[0] == '*') {
      const RespNumber count = resp_number(bytes, 0, end);
      if (!count.is_complete) return count.is_valid && call.starts_message;
      if (!count.is_valid) return false;
      if (call.starts_message && call.sender == Sender::kServer) return true;
      if (count.value <= 0) return false;
      return count.next < end ? bytes[count.next] == '$' : call.starts_message;
    }
    if (!call.starts_message) return false;
    if (is_server(call.sender) && is_reply_type(bytes[0])) return true;
    return is_client(call.sender) && begins_inline_command(bytes, end);
  }

  void resumed(Sender sender) override { direction_of(sender) = Direction(); }

  void turned(Sender sender) override {
    if (is_client(sender) && secret_reply_seen_) secret_replies_ = user_replies_ = secret_reply_seen_ = false;
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
    const RespNumber count = resp_number(reader.window(), from, reader.end());
    if (!count.is_complete) return count.is_valid ? reader.wait() : reader.lose();
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

  // A value ended; aggregates that it completes end with it.
  static void value_done(Direction& direction) {
    while (direction.depth > 0 && --direction.levels[direction.depth - 1].left == 0) direction.depth--;
  }

  void bulk(Sender sender, Direction& direction, StreamReader& reader) {
    const size_t from = reader.position();
    const uint8_t* bytes = reader.window();
    const RespNumber size = resp_number(bytes, from, reader.end());
    if (!size.is_complete) return size.is_valid ? reader.wait() : reader.lose();
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
      if (in_command && next_argument(command, view(bytes, size.next, text_end), false) != Secret::kNo)
        reader.cover(size.next, text_end);
      if (covers_values_ && is_server(sender)) reader.cover(size.next, text_end);
      if (is_secret_reply(sender, direction)) reader.cover(size.next, text_end);
      if (user_replies_) cover_acl_line(reader, size.next, text_end);
      return reader.keep();
    }
    Secret secret = Secret::kNo;
    if (in_command) {
      secret = next_argument(direction.command, view(bytes, size.next, text_end), is_whole);
      if (!is_whole && may_be_keyword) direction.command.doubt();
      note_reply(direction.command);
    }
    if (is_secret_reply(sender, direction)) secret = Secret::kWhole;
    if (is_server(sender)) {
      const bool is_value = !in_command && !(is_whole && is_reply_word(view(bytes, size.next, text_end)));
      if (covers_values_ && is_value) secret = Secret::kWhole;
      if (direction.reply.next(view(bytes, size.next, text_end), is_whole) != Secret::kNo) secret = Secret::kWhole;
      if (sender == Sender::kServer && (secret_replies_ || user_replies_)) secret_reply_seen_ = true;
      if (user_replies_ && sender == Sender::kServer) {
        if (is_whole) cover_acl_line(reader, size.next, text_end);
        else secret = Secret::kWhole;
      }
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

  // The next word of a command.
  Secret next_argument(CommandReader& command, std::string_view word, bool is_whole) const {
    const Secret secret = command.next(word, is_whole);
    return secret == Secret::kNo && covers_values_ && command.is_value() ? Secret::kWhole : secret;
  }

  // A bulk string of a reply that is a secret whatever it says.
  bool is_secret_reply(Sender sender, const Direction& direction) const {
    return is_server(sender) && (is_in_secret(direction) || direction.reply.next_is_secret() ||
                                 (secret_replies_ && sender == Sender::kServer));
  }

  void note_reply(const CommandReader& command) {
    secret_replies_ = secret_replies_ || command.makes_secret();
    user_replies_ = user_replies_ || command.lists_users();
  }

  // `user bob on #HASH ~* +@all`.
  static void cover_acl_line(StreamReader& reader, size_t from, size_t to) {
    const std::string_view text = view(reader.window(), from, to);
    if (text.substr(0, 5) != "user ") return;
    for (size_t at = text.find(" #"); at != std::string_view::npos; at = text.find(" #", at + 1)) {
      size_t end = at + 2;
      while (end < text.size() && text[end] != ' ') end++;
      reader.cover(from + at + 2, from + end);
    }
  }

  // Errors that repeat an argument which may be a password.
  static void cover_quoted_argument(StreamReader& reader, size_t from, size_t to) {
    const std::string_view text = view(reader.window(), from, to);
    for (const std::string_view before : {"ACL SETUSER modifier '", "HELLO option '"}) {
      const size_t found = text.find(before);
      if (found == std::string_view::npos) continue;
      const size_t argument = found + before.size();
      const size_t quote = text.rfind('\'');
      reader.cover(from + argument, from + (quote > argument ? quote : text.size()));
    }
  }

  void line(Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    size_t at = from;
    while (at + 1 < reader.end() && !(bytes[at] == '\r' && bytes[at + 1] == '\n')) at++;
    if (at + 1 >= reader.end()) {
      if (bytes[from] == '-') cover_quoted_argument(reader, from, reader.end());
      return reader.wait();
    }
    if (bytes[from] == '-') cover_quoted_argument(reader, from, at);
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
      // As the server reads it: a name may be written by escapes, and with quotes in the middle.
      const bool is_plain = is_quoted ? !has_escape(bytes, begin, stop) : !has_quote(bytes, begin, stop);
      const std::string spelt = is_plain ? std::string() : unquoted(view(bytes, word, at));
      const Secret secret = next_argument(command, is_plain ? view(bytes, begin, stop) : std::string_view(spelt), is_whole);
      if (secret == Secret::kWhole) reader.cover(begin, stop);
      if (secret == Secret::kBehindFirst) reader.cover(is_plain ? begin + 1 : begin, stop);
      note_reply(command);
    }
    if (!is_complete) return reader.wait();
    reader.pass(end + 1 - from);
  }

  static bool has_escape(const uint8_t* bytes, size_t at, size_t end) {
    return at < end && std::memchr(bytes + at, '\\', end - at) != nullptr;
  }

  static bool has_quote(const uint8_t* bytes, size_t at, size_t end) {
    while (at < end && bytes[at] != '"' && bytes[at] != '\'') at++;
    return at < end;
  }

  // A word without its quotes and escapes, as far as a name of a command or a setting may go.
  static std::string unquoted(std::string_view word) {
    std::string text;
    char quote = 0;
    for (size_t at = 0; at < word.size() && text.size() < kMaxSpeltBytes; at++) {
      const char character = word[at];
      if (quote == 0 && (character == '"' || character == '\'')) {
        quote = character;
      } else if (quote != 0 && character == quote) {
        quote = 0;
      } else if (quote == '"' && character == '\\' && at + 3 < word.size() && word[at + 1] == 'x' &&
                 hex_digit(word[at + 2]) < 16 && hex_digit(word[at + 3]) < 16) {
        text.push_back(static_cast<char>(hex_digit(word[at + 2]) << 4 | hex_digit(word[at + 3])));
        at += 3;
      } else if (quote != 0 && character == '\\' && at + 1 < word.size() && (quote == '"' || word[at + 1] == '\'')) {
        text.push_back(word[++at]);
      } else {
        text.push_back(character);
      }
    }
    return text;
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
  const bool covers_values_;
  bool roles_known_;
  // ACL GENPASS was sent: bulk replies are secrets until the client asks again after one.
  bool secret_replies_ = false;
  // ACL LIST was sent, likewise.
  bool user_replies_ = false;
  bool secret_reply_seen_ = false;
};

std::unique_ptr<Conversation> open(Sender first, const Hints& hints, const Credentials& credentials) {
  return std::make_unique<Redis>(first, hints, credentials.whole().arguments);
}

}  // namespace

const Protocol kRedis = {recognise_redis, open};

}  // namespace spanloom::redaction
