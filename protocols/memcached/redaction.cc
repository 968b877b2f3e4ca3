// SPDX-License-Identifier: Apache-2.0
//
// Memcached, text and binary; the first byte of a message tells which. Secrets: the answers of SASL, and the value of a `set`
// as long as it may be the login of a text connection (memcached -Y), which is one until the server has answered anything
// but an error. State: an unfinished line or header for each direction.
#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "generated/protocol-tables.h"
#include "generated/protocols.h"

namespace spanloom::redaction {
namespace {

constexpr uint16_t kPort = kMemcachedPorts[0];
constexpr size_t kHeaderBytes = 24;
constexpr size_t kMaxKeyBytes = 250;
constexpr uint64_t kMaxValueBytes = uint64_t{1} << 30;
constexpr uint8_t kRequest = 0x80;
constexpr uint8_t kResponse = 0x81;
constexpr uint8_t kSaslAuth = 0x21;
constexpr uint8_t kSaslStep = 0x22;
constexpr size_t kMaxWords = 8;
// What no number of a line is.
constexpr uint64_t kNoNumber = ~uint64_t{0};

uint64_t number_of(std::string_view word) {
  if (word.empty() || word.size() > 19) return kNoNumber;
  uint64_t value = 0;
  for (const char character : word) {
    if (!is_digit(static_cast<uint8_t>(character))) return kNoNumber;
    value = value * 10 + static_cast<uint64_t>(character - '0');
  }
  return value;
}

// The words of a line, the first of them.
struct Line {
  std::array<std::string_view, kMaxWords> words;
  size_t count = 0;
  std::string_view word(size_t index) const { return index < count ? words[index] : std::string_view(); }
};

Line split(const uint8_t* bytes, size_t at, size_t end) {
  Line line;
  while (line.count < kMaxWords) {
    while (at < end && bytes[at] == ' ') at++;
    if (at >= end) break;
    const size_t from = at;
    while (at < end && bytes[at] != ' ') at++;
    line.words[line.count++] = view(bytes, from, at);
  }
  return line;
}

size_t line_end(const uint8_t* bytes, size_t from, size_t end) {
  const void* found = from < end ? std::memchr(bytes + from, '\n', end - from) : nullptr;
  return found == nullptr ? kNone : static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes);
}

size_t text_end_of(const uint8_t* bytes, size_t from, size_t feed) {
  return feed > from && bytes[feed - 1] == '\r' ? feed - 1 : feed;
}

template <typename Words>
bool holds(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_store(std::string_view name) {
  return name == "set" || name == "add" || name == "replace" || name == "append" || name == "prepend" || name == "cas";
}

// Bytes of the value behind a line; kNoNumber where it has to have one and does not say how long it is.
uint64_t value_bytes(std::string_view length) {
  const uint64_t value = number_of(length);
  return value <= kMaxValueBytes ? value : kNoNumber;
}

// The first word of what begins at `from`.
std::string_view first_word(const uint8_t* bytes, size_t from, size_t end) {
  size_t at = from;
  while (at < end && bytes[at] > ' ') at++;
  return view(bytes, from, at);
}

bool begins_command(const uint8_t* bytes, size_t end) {
  const std::string_view word = first_word(bytes, 0, end);
  return word.size() < end && holds(kMemcachedCommands, word) && is_space(bytes[word.size()]);
}

bool begins_reply(const uint8_t* bytes, size_t end) {
  const std::string_view word = first_word(bytes, 0, end);
  if (word.size() >= end || !is_space(bytes[word.size()])) return false;
  return holds(kMemcachedReplies, word) || number_of(word) != kNoNumber || word.substr(0, 4) == "key=";
}

bool is_opcode(uint8_t code) { return code <= 0x1e || (code >= 0x20 && code <= 0x24); }

// Whether a header stands here, whose 24 bytes are there.
bool is_header(const uint8_t* bytes, size_t at, uint8_t magic) {
  const uint64_t key = unsigned16(bytes, at + 2);
  const uint64_t extras = bytes[at + 4];
  const uint64_t body = unsigned32(bytes, at + 8);
  if (bytes[at] != magic || !is_opcode(bytes[at + 1]) || bytes[at + 5] != 0) return false;
  if (key > kMaxKeyBytes || body > kMaxValueBytes || key + extras > body) return false;
  if (magic == kResponse) return extras == 0 || extras == 4;
  return extras == 0 || extras == 4 || extras == 8 || extras == 20;
}

class Memcached final : public Conversation {
 public:
  Memcached(Sender first, bool covers_values) : Conversation(first), covers_values_(covers_values) {}

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    if (!call.starts_message) return false;
    const uint8_t* bytes = reader.window();
    const size_t end = reader.end();
    const uint8_t magic = call.sender == Sender::kClient ? kRequest : kResponse;
    if (bytes[0] == magic) return end >= kHeaderBytes && is_header(bytes, 0, magic);
    return call.sender == Sender::kClient ? begins_command(bytes, end) : begins_reply(bytes, end);
  }

  void step(Sender sender, StreamReader& reader) override {
    const uint8_t first = reader.window()[reader.position()];
    if (first == kRequest || first == kResponse) return binary(sender, reader);
    return sender == Sender::kClient ? command(reader) : reply(reader);
  }

  void binary(Sender sender, StreamReader& reader) {
    if (reader.available() < kHeaderBytes) return reader.wait();
    const uint8_t* bytes = reader.window();
    const size_t at = reader.position();
    if (!is_header(bytes, at, sender == Sender::kClient ? kRequest : kResponse)) return reader.lose();
    const uint8_t code = bytes[at + 1];
    const uint64_t head = uint64_t{bytes[at + 4]} + unsigned16(bytes, at + 2);
    const uint64_t body = unsigned32(bytes, at + 8);
    const bool is_secret = covers_values_ || (sender == Sender::kClient && (code == kSaslAuth || code == kSaslStep));
    reader.pass(kHeaderBytes + head);
    reader.pass(body - head, is_secret ? Passing::kCovered : Passing::kShown);
  }

  void command(StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const size_t feed = line_end(bytes, from, reader.end());
    const std::string_view name = first_word(bytes, from, reader.end());
    const bool is_complete_word = from + name.size() < reader.end();
    if (is_complete_word && !holds(kMemcachedCommands, name)) return reader.lose();
    if (!is_complete_word && !is_command_start(name)) return reader.lose();
    if (feed == kNone) return reader.wait();
    const Line line = split(bytes, from, text_end_of(bytes, from, feed));
    const uint64_t line_bytes = feed + 1 - from;
    if (!is_store(name) && name != "ms") return reader.pass(line_bytes);
    // Where the value ends is not known.
    const uint64_t value = value_bytes(line.word(name == "ms" ? 2 : 4));
    if (value == kNoNumber) return reader.lose();
    const bool is_secret = covers_values_ || (name == "set" && may_log_in_);
    reader.pass(line_bytes);
    reader.pass(value, is_secret ? Passing::kCovered : Passing::kShown);
    reader.pass(2);
  }

  static bool is_command_start(std::string_view part) {
    for (const std::string_view name : kMemcachedCommands)
      if (name.substr(0, part.size()) == part) return true;
    return false;
  }

  void reply(StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const size_t feed = line_end(bytes, from, reader.end());
    if (feed == kNone) {
      const uint8_t first = bytes[from];
      const bool may_be_reply = is_digit(first) || (first >= 'A' && first <= 'Z') || first == 'k';
      return may_be_reply ? reader.wait() : reader.lose();
    }
    const Line line = split(bytes, from, text_end_of(bytes, from, feed));
    const std::string_view word = line.word(0);
    if (!holds(kMemcachedReplies, word) && number_of(word) == kNoNumber && word.substr(0, 4) != "key=")
      return reader.lose();
    const bool has_value = word == "VALUE" || word == "VA";
    const uint64_t value = has_value ? value_bytes(line.word(word == "VA" ? 1 : 3)) : 0;
    if (value == kNoNumber) return reader.lose();
    if (word != "CLIENT_ERROR" && word != "ERROR") may_log_in_ = false;
    reader.pass(feed + 1 - from);
    if (!has_value) return;
    reader.pass(value, covers_values_ ? Passing::kCovered : Passing::kShown);
    reader.pass(2);
  }

  const bool covers_values_;
  bool may_log_in_ = true;
};

// The right number of words, and numbers where they have to be: what no other protocol is likely to have.
bool is_telling_command(const Line& line) {
  const std::string_view name = line.word(0);
  const auto is_number = [&line](size_t index) { return number_of(line.word(index)) != kNoNumber; };
  if (name == "get" || name == "gets") return line.count >= 2;
  if (name == "gat" || name == "gats") return line.count >= 3 && is_number(1);
  if (is_store(name)) return line.count >= (name == "cas" ? 6u : 5u) && line.count <= 7 && is_number(2) && is_number(4);
  if (name == "incr" || name == "decr" || name == "touch") return line.count >= 3 && line.count <= 4 && is_number(2);
  if (name == "delete") return line.count >= 2 && line.count <= 3 && !is_number(1);
  if (name == "mg" || name == "md" || name == "ma") return line.count >= 2;
  return name == "ms" && line.count >= 3 && is_number(2);
}

Recognition recognise_text(const uint8_t* bytes, size_t size, const Hints& hints) {
  const bool on_port = hints.has_port(kPort);
  const std::string_view word = first_word(bytes, 0, size);
  const size_t feed = line_end(bytes, 0, size);
  const bool has_line = feed != kNone && feed > 0 && bytes[feed - 1] == '\r';
  if (!hints.is_from_server(kPort)) {
    if (word.size() == size)
      for (const std::string_view name : kMemcachedCommands)
        if (name.substr(0, size) == word) return Recognition::kUndecided;
    if (begins_command(bytes, size) && (on_port || (has_line && is_telling_command(split(bytes, 0, feed - 1)))))
      return Recognition::kRequest;
  }
  if (hints.is_from_client(kPort) || !has_line) return Recognition::kNo;
  const Line line = split(bytes, 0, feed - 1);
  const bool is_value = word == "VALUE" && line.count >= 4 && line.count <= 5 && number_of(line.word(2)) != kNoNumber &&
                        value_bytes(line.word(3)) != kNoNumber;
  return is_value || (on_port && begins_reply(bytes, size)) ? Recognition::kResponse : Recognition::kNo;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp || size == 0) return Recognition::kNo;
  if (bytes[0] != kRequest && bytes[0] != kResponse) return recognise_text(bytes, size, hints);
  const bool is_request = bytes[0] == kRequest;
  if (is_request ? hints.is_from_server(kPort) : hints.is_from_client(kPort)) return Recognition::kNo;
  if (size < kHeaderBytes) {
    // The header alone holds no secret.
    const bool fits = size < 2 || (is_opcode(bytes[1]) && (size <= 5 || bytes[5] == 0));
    return fits && hints.has_port(kPort) ? Recognition::kUndecided : Recognition::kNo;
  }
  if (!is_header(bytes, 0, bytes[0])) return Recognition::kNo;
  if (is_request) return Recognition::kRequest;
  // Little more than zeros: of itself only a value with its flags tells.
  return hints.has_port(kPort) || bytes[4] == 4 ? Recognition::kResponse : Recognition::kNo;
}

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials& credentials) {
  return std::make_unique<Memcached>(first, credentials.whole().arguments);
}

}  // namespace

const Protocol kMemcached = {recognise, open};

}  // namespace spanloom::redaction
