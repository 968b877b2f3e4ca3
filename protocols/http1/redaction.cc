// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1 (RFC 9110, RFC 9112). Heads are read line by line; of a line that a call does not finish, what must be a secret is
// covered at once. Bodies are hidden. State: an unfinished line for each direction, the methods of open requests.
#include <algorithm>
#include <cstring>
#include <deque>

#include "generated/protocol-tables.h"
#include "generated/protocols.h"

namespace spanloom::redaction {
namespace {

constexpr size_t kMaxMethodBytes = 64;
// Longer than any key of memcached, which has commands with the names of methods too.
constexpr size_t kLeastBytesOfLongTarget = 256;
constexpr size_t kMaxOpenRequests = 256;
constexpr size_t kLeastBytesOfLongLine = 64;
constexpr uint64_t kMaxChunkBytes = uint64_t{1} << 48;

enum class Verdict : uint8_t { kNo, kPartial, kYes };

bool is_token(uint8_t byte) {
  return is_letter(byte) || is_digit(byte) ||
         (byte != 0 && std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(byte)) != std::string_view::npos);
}

// As much of a target as its scheme has.
constexpr size_t kMaxUndecidedTargetBytes = 9;

// A line from `from`: where its text ends, and whether its end is there.
struct Line {
  size_t text_end;
  size_t next;
  bool is_complete;
};

Line line_at(const uint8_t* bytes, size_t from, size_t end) {
  const void* found = std::memchr(bytes + from, '\n', end - from);
  const size_t at = found == nullptr ? end : static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes);
  const size_t text_end = at > from && bytes[at - 1] == '\r' ? at - 1 : at;
  return at >= end ? Line{text_end, end, false} : Line{text_end, at + 1, true};
}

bool is_beginning_of(std::string_view text, std::string_view whole) {
  return text.size() <= whole.size() && equal_nocase(text, whole.substr(0, text.size()));
}

constexpr std::string_view kVersionPrefix = "HTTP/1.";
constexpr size_t kVersionBytes = 8;

size_t method_end(std::string_view line) {
  size_t at = 0;
  while (at < line.size() && at < kMaxMethodBytes && is_token(static_cast<uint8_t>(line[at]))) at++;
  return at > 0 && at < kMaxMethodBytes && (at == line.size() || line[at] == ' ') ? at : kNone;
}

size_t behind_spaces(std::string_view line, size_t at) {
  while (at < line.size() && line[at] == ' ') at++;
  return at;
}

// Where the version of a complete request line begins; kNone when it has none.
size_t version_start(std::string_view line, size_t method) {
  size_t end = line.size();
  while (end > method && line[end - 1] == ' ') end--;
  if (end < method + 2 + kVersionBytes) return kNone;
  const size_t version = end - kVersionBytes;
  const bool is_version = line[version - 1] == ' ' && line.substr(version, kVersionPrefix.size()) == kVersionPrefix;
  return is_version && is_digit(static_cast<uint8_t>(line[end - 1])) ? version : kNone;
}

// Nothing but the version follows at `at`, as far as the line goes.
bool may_be_version(std::string_view line, size_t at) {
  const std::string_view rest = line.substr(behind_spaces(line, at));
  const size_t size = std::min(rest.size(), kVersionPrefix.size());
  if (rest.substr(0, size) != kVersionPrefix.substr(0, size)) return false;
  for (size_t index = size; index < rest.size(); index++)
    if (index == size ? !is_digit(static_cast<uint8_t>(rest[index])) : rest[index] != ' ') return false;
  return true;
}

bool is_upper_case(std::string_view method) {
  for (const char character : method)
    if ((character < 'A' || character > 'Z') && character != '-' && character != '_') return false;
  return true;
}

// A method is any token and a target any text: what tells a request line from lines of other protocols is its version. Of a
// line whose end is not there, only usual targets are believed.
Verdict judge_request_line(std::string_view line, bool is_complete) {
  const size_t method = method_end(line);
  if (method == kNone) return Verdict::kNo;
  if (is_complete) {
    const size_t version = version_start(line, method);
    return version != kNone && behind_spaces(line, method) < version ? Verdict::kYes : Verdict::kNo;
  }
  const size_t target = behind_spaces(line, method);
  const size_t target_end = std::min(line.find(' ', target), line.size());
  if (target_end == line.size() || may_be_version(line, target_end)) return Verdict::kPartial;
  return line[target] == '/' && is_upper_case(line.substr(0, method)) ? Verdict::kPartial : Verdict::kNo;
}

bool is_usual_target(std::string_view method, std::string_view target) {
  if (target[0] == '/') return true;
  if (method == "CONNECT") {
    const size_t colon = target.rfind(':');
    return colon != std::string_view::npos && colon > 0 && colon + 1 < target.size() &&
           is_digit(static_cast<uint8_t>(target[colon + 1])) && target.find_first_of("\"{}/\\") == std::string_view::npos;
  }
  for (const std::string_view scheme : {"http://", "https://", "ws://", "wss://", "ftp://"})
    if (starts_nocase(target, scheme)) return true;
  return false;
}

// A request line without its end is one beyond doubt: the rest may lie beyond what was captured.
bool is_telling(std::string_view line) {
  const size_t method = method_end(line);
  if (method == kNone || method < 3) return false;
  const size_t target = behind_spaces(line, method);
  const size_t target_end = std::min(line.find(' ', target), line.size());
  if (target >= target_end) return false;
  if (target_end < line.size()) {
    if (!may_be_version(line, target_end)) return false;
    if (line.size() - target_end > kVersionPrefix.size()) return true;
  }
  const std::string_view name = line.substr(0, method);
  if (is_upper_case(name)) return is_usual_target(name, line.substr(target, target_end - target));
  if (target_end - target < kLeastBytesOfLongTarget || line[target] != '/') return false;
  for (const std::string_view known : kHttpMethods)
    if (equal_nocase(name, known)) return true;
  return false;
}

Verdict judge_status_line(std::string_view line, bool is_complete) {
  const std::string_view prefix = "HTTP/1.";
  const size_t size = std::min(line.size(), prefix.size());
  if (line.substr(0, size) != prefix.substr(0, size)) return Verdict::kNo;
  if (line.size() < 12) return is_complete ? Verdict::kNo : Verdict::kPartial;
  const auto digit = [&line](size_t at) { return is_digit(static_cast<uint8_t>(line[at])); };
  if (!digit(7) || line[8] != ' ' || line[9] < '1' || !digit(9) || !digit(10) || !digit(11)) return Verdict::kNo;
  return line.size() == 12 || line[12] == ' ' ? Verdict::kYes : Verdict::kNo;
}

bool is_printable(std::string_view text) {
  for (const char character : text)
    if (static_cast<uint8_t>(character) < 0x20 || character == 0x7f) return false;
  return true;
}

Verdict judge_start(const uint8_t* bytes, size_t from, size_t end, bool is_request) {
  const Line line = line_at(bytes, from, end);
  const std::string_view text = view(bytes, from, line.text_end);
  const Verdict verdict =
      is_request ? judge_request_line(text, line.is_complete) : judge_status_line(text, line.is_complete);
  if (verdict == Verdict::kNo) return verdict;
  return is_printable(text) ? verdict : Verdict::kNo;
}

bool begins_known_method(std::string_view text) {
  const std::string_view method = text.substr(0, text.find(' '));
  const bool is_whole = method.size() < text.size();
  for (const std::string_view known : kHttpMethods)
    if (is_whole ? equal_nocase(method, known) : is_beginning_of(method, known)) return true;
  return false;
}

// Undecided bytes are sent: they must be nothing but the beginning of a method, and of a target at most.
bool is_short_beginning(std::string_view text) {
  const size_t space = std::min(text.find(' '), text.size());
  return text.size() <= space + kMaxUndecidedTargetBytes && begins_known_method(text);
}

// Within a conversation. A line without its end is sent too: a word may as well be what is left of a body whose length was
// wrong, so its method must be a known one, or the line one beyond doubt.
Verdict judge_next(const uint8_t* bytes, size_t from, size_t end, bool is_request) {
  const Verdict verdict = judge_start(bytes, from, end, is_request);
  if (!is_request || verdict != Verdict::kPartial) return verdict;
  const std::string_view text = view(bytes, from, line_at(bytes, from, end).text_end);
  return is_telling(text) || begins_known_method(text) ? verdict : Verdict::kNo;
}

size_t skip_line_ends(const uint8_t* bytes, size_t from, size_t end) {
  while (from < end && (bytes[from] == '\r' || bytes[from] == '\n')) from++;
  return from;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp || size == 0) return Recognition::kNo;
  const size_t from = skip_line_ends(bytes, 0, size);
  if (from == size) return size <= 8 ? Recognition::kUndecided : Recognition::kNo;
  const Verdict response = judge_start(bytes, from, size, false);
  if (response == Verdict::kYes) return Recognition::kResponse;
  const Verdict request = judge_start(bytes, from, size, true);
  if (request == Verdict::kYes) return Recognition::kRequest;
  if (request == Verdict::kPartial && is_telling(view(bytes, from, line_at(bytes, from, size).text_end)))
    return Recognition::kRequest;
  if (response == Verdict::kPartial) return Recognition::kUndecided;
  return request == Verdict::kPartial && is_short_beginning(view(bytes, from, size)) ? Recognition::kUndecided
                                                                                     : Recognition::kNo;
}

enum class Method : uint8_t { kOther, kHead, kConnect };

enum class Place : uint8_t { kStart, kHeader, kTrailer, kChunkSize, kChunkEnd };

struct Direction {
  Place place = Place::kStart;
  // Of the head in hand.
  bool is_chunked = false;
  uint64_t body_bytes = 0;
  bool has_body_bytes = false;
  uint32_t status = 0;
  Method method = Method::kOther;
  // The field line before this one had a secret: a folded line goes on with it (RFC 9112 5.2).
  bool is_secret = false;
};

class Http1 final : public Conversation {
 public:
  Http1(Sender first, const Credentials& credentials) : Conversation(first), credentials_(credentials) {}

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    if (!call.starts_message) return false;
    const size_t from = skip_line_ends(reader.window(), 0, reader.end());
    const Verdict verdict = judge_next(reader.window(), from, reader.end(), call.sender == Sender::kClient);
    return verdict != Verdict::kNo;
  }

  bool restarts(const Call& call, const Payload& payload) override {
    const Direction& direction = direction_of(call.sender);
    if (direction.place == Place::kStart && !reader(call.sender).is_busy()) return false;
    // What follows 100 Continue is the body, whatever it looks like.
    if (call.sender == Sender::kClient && body_expected_ && direction.place != Place::kHeader) return false;
    const Verdict verdict = judge_start(payload.bytes(), 0, payload.captured(), call.sender == Sender::kClient);
    return verdict == Verdict::kYes || (verdict == Verdict::kPartial && payload.captured() >= kLeastBytesOfLongLine);
  }

  void turned(Sender sender) override {
    // Responses were missed: which request the next one answers is unknown.
    if (sender == Sender::kClient && reader(Sender::kServer).is_lost()) open_.clear();
  }

  void resumed(Sender sender) override { direction_of(sender) = Direction(); }

  void step(Sender sender, StreamReader& reader) override {
    Direction& direction = direction_of(sender);
    switch (direction.place) {
      case Place::kStart:
        return start_line(sender, direction, reader);
      case Place::kHeader:
      case Place::kTrailer:
        return field_line(sender, direction, reader);
      case Place::kChunkSize:
        return chunk_size(direction, reader);
      case Place::kChunkEnd:
        return chunk_end(direction, reader);
    }
  }

  void start_line(Sender sender, Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = skip_line_ends(bytes, reader.position(), reader.end());
    if (from > reader.position()) return reader.pass(from - reader.position());
    const bool is_request = sender == Sender::kClient;
    const Verdict verdict = judge_next(bytes, from, reader.end(), is_request);
    if (verdict == Verdict::kNo) return reader.lose();
    const Line line = line_at(bytes, from, reader.end());
    if (is_request) credentials_.cover_urls(reader, from, line.text_end, line.is_complete);
    if (!line.is_complete) return reader.wait();
    direction = Direction();
    direction.place = Place::kHeader;
    if (is_request) {
      body_expected_ = false;
      const std::string_view text = view(bytes, from, line.text_end);
      open_.push_back(text.substr(0, 5) == "HEAD "      ? Method::kHead
                      : text.substr(0, 8) == "CONNECT " ? Method::kConnect
                                                        : Method::kOther);
      if (open_.size() > kMaxOpenRequests) open_.pop_front();
    } else {
      direction.status = static_cast<uint32_t>((bytes[from + 9] - '0') * 100 + (bytes[from + 10] - '0') * 10 +
                                               (bytes[from + 11] - '0'));
      const bool is_interim = direction.status < 200 && direction.status != 101;
      if (!is_interim && !open_.empty()) {
        direction.method = open_.front();
        open_.pop_front();
      }
    }
    reader.pass(line.next - from);
  }

  void field_line(Sender sender, Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const Line line = line_at(bytes, from, reader.end());
    if (line.is_complete && line.text_end == from) {
      reader.pass(line.next - from);
      return end_of_head(sender, direction, reader);
    }
    const bool is_folded = is_blank(bytes[from]);
    size_t name = from;
    while (name < line.text_end && is_blank(bytes[name])) name++;
    size_t colon = name;
    while (colon < line.text_end && bytes[colon] != ':') colon++;
    const bool has_name = colon < line.text_end;
    size_t name_end = colon;
    while (name_end > name && is_blank(bytes[name_end - 1])) name_end--;
    const std::string_view field = view(bytes, name, name_end);
    const bool is_secret = has_name && credentials_.is_header(field);
    if (is_folded && direction.is_secret) {
      reader.cover(name, line.text_end);
    } else if (has_name && is_secret) {
      cover_value(reader, colon + 1, line.text_end, line.is_complete);
    } else if (has_name && equal_nocase(field, "sec-websocket-protocol")) {
      cover_bearer(reader, colon + 1, line.text_end);
    } else {
      credentials_.cover_urls(reader, name, line.text_end, line.is_complete);
    }
    if (!line.is_complete) return reader.wait();
    direction.is_secret = is_secret || (is_folded && direction.is_secret);
    if (has_name && !is_folded) note_framing(direction, field, view(bytes, colon + 1, line.text_end));
    reader.pass(line.next - from);
  }

  static void cover_value(StreamReader& reader, size_t from, size_t to, bool is_complete) {
    const uint8_t* bytes = reader.window();
    while (from < to && is_blank(bytes[from])) from++;
    while (is_complete && to > from && is_blank(bytes[to - 1])) to--;
    reader.cover(from, to);
  }

  // Browsers send tokens as a subprotocol: `bearer, TOKEN`, `base64url.bearer.authorization.k8s.io.TOKEN`.
  static void cover_bearer(StreamReader& reader, size_t from, size_t to) {
    const size_t bearer = find_nocase(view(reader.window(), from, to), "bearer");
    if (bearer != kNone) reader.cover(from + bearer + 6, to);
  }

  static void note_framing(Direction& direction, std::string_view name, std::string_view value) {
    if (equal_nocase(name, "transfer-encoding")) {
      direction.is_chunked = contains_nocase(value, "chunked");
    } else if (equal_nocase(name, "content-length")) {
      direction.body_bytes = 0;
      direction.has_body_bytes = false;
      for (const char character : value) {
        if (is_digit(static_cast<uint8_t>(character)) && direction.body_bytes < kMaxChunkBytes) {
          direction.body_bytes = direction.body_bytes * 10 + static_cast<uint64_t>(character - '0');
          direction.has_body_bytes = true;
        } else if (direction.has_body_bytes) {
          break;
        }
      }
    }
  }

  void end_of_head(Sender sender, Direction& direction, StreamReader& reader) {
    if (direction.place == Place::kTrailer) {
      direction = Direction();
      return;
    }
    const Direction head = direction;
    direction = Direction();
    if (sender == Sender::kServer) {
      body_expected_ = head.status < 200 && head.status != 101;
      if (body_expected_) return;
      if (head.status == 101 || (head.method == Method::kConnect && head.status < 300)) return end();
      if (head.status == 204 || head.status == 304 || head.method == Method::kHead) return;
      // The body lasts until the connection closes.
      if (!head.is_chunked && !head.has_body_bytes) return reader.lose();
    }
    if (head.is_chunked) direction.place = Place::kChunkSize;
    else if (head.has_body_bytes && head.body_bytes > 0) reader.pass(head.body_bytes, Passing::kHidden);
  }

  void chunk_size(Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const Line line = line_at(bytes, from, reader.end());
    if (!line.is_complete) {
      // As long as it may still be a size.
      return line.text_end - from <= 16 && !reader.has_gap() ? reader.keep() : reader.lose();
    }
    uint64_t size = 0;
    size_t at = from;
    for (; at < line.text_end; at++) {
      const uint8_t byte = lower(bytes[at]);
      const uint8_t digit = is_digit(byte)                 ? byte - '0'
                            : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                                                         : 0xff;
      if (digit > 15 || size > kMaxChunkBytes) break;
      size = size * 16 + digit;
    }
    const bool has_size = at > from && size <= kMaxChunkBytes;
    if (!has_size || (at < line.text_end && bytes[at] != ';' && !is_blank(bytes[at]))) return reader.lose();
    reader.pass(at - from);
    if (reader.position() < line.text_end) reader.pass(line.text_end - reader.position(), Passing::kHidden);
    reader.pass(line.next - line.text_end);
    if (size == 0) {
      direction.place = Place::kTrailer;
    } else {
      direction.place = Place::kChunkEnd;
      reader.pass(size, Passing::kHidden);
    }
  }

  static void chunk_end(Direction& direction, StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    if (bytes[from] == '\r' && reader.available() < 2) return reader.has_gap() ? reader.lose() : reader.keep();
    const size_t line_end = bytes[from] == '\r' ? from + 1 : from;
    if (bytes[line_end] != '\n') return reader.lose();
    direction.place = Place::kChunkSize;
    reader.pass(line_end + 1 - from);
  }

  Direction& direction_of(Sender sender) { return directions_[static_cast<size_t>(sender)]; }

  const Credentials& credentials_;
  Direction directions_[2];
  std::deque<Method> open_;
  // The last word of the server was an interim response to the last request.
  bool body_expected_ = false;
};

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials& credentials) {
  return std::make_unique<Http1>(first, credentials);
}

}  // namespace

const Protocol kHttp1 = {recognise, open};

}  // namespace spanloom::redaction
