// SPDX-License-Identifier: Apache-2.0
//
// PostgreSQL (protocol 3). Every message tells its type and length; only the first of a connection tells no type. Secrets:
// password messages (SASL and GSS responses too), literals of statements, parameters of statements that speak of a password.
#include <algorithm>
#include <functional>
#include <string>
#include <unordered_set>

#include "generated/protocol-tables.h"
#include "generated/protocols.h"
#include "protocols/sql/sql.h"

namespace spanloom::redaction {
namespace {

constexpr uint16_t kPort = kPostgresqlPorts[0];
constexpr size_t kHeaderBytes = 5;
constexpr uint32_t kMaxMessageBytes = 1 << 30;
constexpr uint32_t kMaxRecognisedBytes = 1 << 24;
constexpr uint32_t kMaxStartupBytes = 10000;
constexpr size_t kMaxSecretStatements = 256;
constexpr uint32_t kSslCode = 80877103;
constexpr uint32_t kGssCode = 80877104;
constexpr uint32_t kCancelCode = 80877102;

constexpr uint32_t kSasl = 10;
constexpr uint32_t kSaslContinue = 11;

constexpr std::string_view kFrontendTypes = "QPBEDCSHXpFdcf";
constexpr std::string_view kBackendTypes = "RSKZTDCEN123IntVGHWdcAsv";

bool is_one_of(std::string_view types, uint8_t type) {
  return type != 0 && types.find(static_cast<char>(type)) != std::string_view::npos;
}

// The bytes are messages of these types one after the other, as far as they go.
bool are_messages(const uint8_t* bytes, size_t size, std::string_view types) {
  for (size_t at = 0; at < size;) {
    if (!is_one_of(types, bytes[at])) return false;
    if (size - at < kHeaderBytes) return true;
    const uint32_t length = unsigned32(bytes, at + 1);
    if (length < 4 || length > kMaxMessageBytes) return false;
    at += 1 + static_cast<size_t>(length);
  }
  return true;
}

bool is_startup(const uint8_t* bytes, size_t size) {
  if (size < 8) return size < 2 || bytes[1] == 0;
  const uint32_t length = unsigned32(bytes, 0);
  const uint32_t code = unsigned32(bytes, 4);
  if (code == kSslCode || code == kGssCode) return length == 8;
  if (code == kCancelCode) return length == 16;
  return code >> 16 == 3 && length >= 9 && length <= kMaxStartupBytes;
}

class Postgresql final : public Conversation {
 public:
  Postgresql(Sender first, const Credentials& credentials) : Conversation(first), credentials_(credentials) {}

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    if (!call.starts_message) return false;
    const uint8_t* bytes = reader.window();
    const size_t size = reader.end();
    if (call.sender == Sender::kServer)
      return answers_encryption(bytes, size) || (size >= kHeaderBytes && are_messages(bytes, size, kBackendTypes));
    if (bytes[0] == 0) return size >= 8 && is_startup(bytes, size);
    return size >= kHeaderBytes && are_messages(bytes, size, kFrontendTypes);
  }

  bool answers_encryption(const uint8_t* bytes, size_t size) const {
    return asked_encryption_ && size == 1 && (bytes[0] == 'S' || bytes[0] == 'N' || bytes[0] == 'G');
  }

  void step(Sender sender, StreamReader& reader) override {
    if (sender == Sender::kServer) server_message(reader);
    else if (reader.window()[reader.position()] == 0) startup(reader);
    else client_message(reader);
  }

  void startup(StreamReader& reader) {
    const uint8_t* bytes = reader.window() + reader.position();
    if (reader.available() < 8) return reader.wait();
    if (!is_startup(bytes, reader.available())) return reader.lose();
    const uint32_t code = unsigned32(bytes, 4);
    asked_encryption_ = code == kSslCode || code == kGssCode;
    reader.pass(unsigned32(bytes, 0));
  }

  void server_message(StreamReader& reader) {
    const uint8_t* bytes = reader.window() + reader.position();
    if (answers_encryption(bytes, reader.available())) {
      asked_encryption_ = false;
      // What follows is encrypted.
      if (bytes[0] != 'N') end();
      return reader.pass(1);
    }
    if (!is_one_of(kBackendTypes, bytes[0])) return reader.lose();
    if (reader.available() < kHeaderBytes) return reader.wait();
    const uint32_t length = unsigned32(bytes, 1);
    if (length < 4 || length > kMaxMessageBytes) return reader.lose();
    asked_encryption_ = false;
    if (bytes[0] == 'R') {
      if (reader.available() < kHeaderBytes + 4 && !reader.has_gap()) return reader.keep();
      requested_ = reader.available() >= kHeaderBytes + 4 ? unsigned32(bytes, kHeaderBytes) : 0;
    }
    if (bytes[0] == 'E' || bytes[0] == 'N') {
      // Seen whole, so that what it repeats of a statement is told from the rest.
      if (reader.available() < 1 + static_cast<uint64_t>(length) && !reader.has_gap()) return wait_for_error(reader);
      error_fields(reader, std::min<size_t>(reader.available(), 1 + static_cast<size_t>(length)));
    }
    if (bytes[0] == 'S') read_parameter(view(bytes, kHeaderBytes, std::min<size_t>(reader.available(), 1 + length)));
    reader.pass(1 + static_cast<uint64_t>(length));
  }

  // What there is of an error is judged at once, and again with the rest.
  void wait_for_error(StreamReader& reader) {
    error_fields(reader, reader.available());
    reader.keep();
  }

  // Fields of a letter and a text each: message, detail, hint, internal query and context may repeat a statement.
  void error_fields(StreamReader& reader, size_t size) {
    const uint8_t* bytes = reader.window();
    const size_t end = reader.position() + size;
    for (size_t at = reader.position() + kHeaderBytes; at < end && bytes[at] != 0;) {
      const uint8_t field = bytes[at];
      const size_t stop = text_end(bytes, at + 1, end);
      if (is_one_of("MDHqW", field)) cover_sql_error(reader, at + 1, stop, stop < end, has_secret_, credentials_);
      at = stop + 1;
    }
  }

  // A ParameterStatus: name and value, each ended by a zero.
  void read_parameter(std::string_view text) {
    constexpr std::string_view kName("standard_conforming_strings\0", 28);
    if (text.substr(0, kName.size()) != kName || text.size() < kName.size() + 2) return;
    escapes_ = text.substr(kName.size(), 2) == "on" ? Escapes::kNone : Escapes::kBackslash;
  }

  void client_message(StreamReader& reader) {
    const uint8_t* bytes = reader.window();
    const size_t from = reader.position();
    const uint8_t type = bytes[from];
    if (!is_one_of(kFrontendTypes, type)) return reader.lose();
    if (reader.available() < kHeaderBytes) return reader.wait();
    const uint32_t length = unsigned32(bytes, from + 1);
    if (length < 4 || length > kMaxMessageBytes) return reader.lose();
    const uint64_t total = 1 + static_cast<uint64_t>(length);
    if (type == 'p') return password(reader, total);
    if (type != 'Q' && type != 'P' && type != 'B') return reader.pass(total);
    const bool is_whole = reader.available() >= total;
    const size_t end = is_whole ? from + static_cast<size_t>(total) : reader.end();
    if (type == 'B') bind(reader, from + kHeaderBytes, end);
    else statement(reader, type, from + kHeaderBytes, end, is_whole);
    if (is_whole) return reader.pass(total);
    if (!reader.has_gap()) return reader.keep();
    // The rest of a text whose middle is missing cannot be judged.
    reader.pass(end - from);
    reader.pass(total - (end - from), Passing::kCovered);
  }

  // The answer to the server's request for authentication. Of SCRAM, the first message says the mechanism and a nonce, and
  // the second ends with the proof; anything else is a secret as a whole.
  void password(StreamReader& reader, uint64_t total) const {
    const uint8_t* bytes = reader.window();
    const size_t body = reader.position() + kHeaderBytes;
    const bool is_whole = reader.available() >= total;
    size_t shown = 0;
    if (is_whole && requested_ == kSasl && view(bytes, body, body + total - kHeaderBytes).substr(0, 6) == "SCRAM-") {
      shown = total - kHeaderBytes;
    } else if (is_whole && requested_ == kSaslContinue) {
      const size_t proof = view(bytes, body, body + total - kHeaderBytes).rfind(",p=");
      if (proof != std::string_view::npos) shown = proof + 3;
    }
    reader.pass(kHeaderBytes + shown);
    reader.pass(total - kHeaderBytes - shown, Passing::kCovered);
  }

  void statement(StreamReader& reader, uint8_t type, size_t from, size_t end, bool is_whole) {
    const uint8_t* bytes = reader.window();
    size_t name_hash = 0;
    if (type == 'P') {
      const size_t name_end = text_end(bytes, from, end);
      name_hash = std::hash<std::string_view>()(view(bytes, from, name_end));
      from = std::min(name_end + 1, end);
    }
    const size_t text = text_end(bytes, from, end);
    const bool is_secret =
        cover_sql(reader, from, text, text < end || is_whole, SqlDialect::kPostgresql, escapes_, credentials_);
    has_secret_ = is_secret;
    if (type != 'P') return;
    if (is_secret && secret_statements_.size() < kMaxSecretStatements) secret_statements_.insert(name_hash);
    if (!is_secret) secret_statements_.erase(name_hash);
  }

  // Covers the parameters of a statement that speaks of a password.
  void bind(StreamReader& reader, size_t from, size_t end) {
    const bool covers_all = credentials_.whole().literals;
    if (secret_statements_.empty() && !covers_all) return;
    const uint8_t* bytes = reader.window();
    const size_t name = std::min(text_end(bytes, from, end) + 1, end);
    const size_t name_end = text_end(bytes, name, end);
    if (name_end >= end) return;
    if (!covers_all && secret_statements_.count(std::hash<std::string_view>()(view(bytes, name, name_end))) == 0) return;
    size_t at = name_end + 1;
    if (end - at < 2) return;
    at += 2 + 2 * unsigned16(bytes, at);
    if (at + 2 > end) return;
    uint32_t count = unsigned16(bytes, at);
    at += 2;
    for (; count > 0 && at + 4 <= end; count--) {
      const uint32_t size = unsigned32(bytes, at);
      at += 4;
      if (size == 0xffffffff) continue;
      const size_t stop = at + static_cast<size_t>(std::min<uint64_t>(size, end - at));
      reader.cover(at, stop);
      at = stop;
    }
  }

  const Credentials& credentials_;
  bool asked_encryption_ = false;
  // The last statement spoke of a password, or none was seen.
  bool has_secret_ = true;
  Escapes escapes_ = Escapes::kUnknown;
  // What the server asked for last: the code of its authentication message.
  uint32_t requested_ = 0;
  // Hashes of the names of prepared statements that speak of a password.
  std::unordered_set<size_t> secret_statements_;
};

bool is_name_then_text(const uint8_t* bytes, size_t size) {
  size_t at = kHeaderBytes;
  while (at < size && bytes[at] != 0)
    if (bytes[at++] < 0x20) return false;
  at++;
  while (at < size && bytes[at] != 0) {
    const uint8_t byte = bytes[at++];
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
  }
  return true;
}

bool ends_batch(const uint8_t* bytes, size_t size) {
  const size_t tail = size - kHeaderBytes;
  return (bytes[tail] == 'S' || bytes[tail] == 'H') && unsigned32(bytes, tail + 1) == 4;
}

bool is_request(const uint8_t* bytes, size_t size, uint32_t length, bool on_port) {
  if (!are_messages(bytes, size, kFrontendTypes)) return false;
  switch (bytes[0]) {
    case 'Q': {
      if (size <= kHeaderBytes || (length < size && bytes[length] != 0)) return false;
      const uint8_t first = bytes[kHeaderBytes];
      return is_letter(first) || first == '(' || first == '-' || first == '/' || first <= 0x20 || first == ';';
    }
    case 'P':
      return size > kHeaderBytes + 1 && is_name_then_text(bytes, size);
    case 'B':
    case 'E':
    case 'D':
    case 'C':
      // Part of a batch: another message follows.
      return length + 1 < size && (on_port || ends_batch(bytes, size));
    case 'S':
    case 'X':
      return on_port && length == 4 && size == kHeaderBytes;
    default:
      return false;
  }
}

// An error or a notice: fields of a letter and a text, severity and SQLSTATE among them.
bool has_error_fields(const uint8_t* bytes, size_t from, size_t end) {
  bool has_severity = false;
  bool has_state = false;
  while (from < end && bytes[from] != 0) {
    const uint8_t field = bytes[from++];
    const size_t text = from;
    while (from < end && bytes[from] != 0) from++;
    if ((field == 'S' || field == 'V') && from > text) has_severity = true;
    if (field == 'C' && from - text == 5) has_state = true;
    from++;
  }
  return has_severity && has_state;
}

bool is_response(const uint8_t* bytes, size_t size, uint32_t length, bool on_port) {
  if (!are_messages(bytes, size, kBackendTypes)) return false;
  switch (bytes[0]) {
    case 'R':
      return length >= 8 && size >= 9 && unsigned32(bytes, 5) <= 12;
    case 'E':
    case 'N':
      return has_error_fields(bytes, kHeaderBytes, std::min<size_t>(size, 1 + length));
    case '1':
    case '2':
    case '3':
      return length == 4 && (size > kHeaderBytes || on_port);
    case 'Z':
      return length == 5 && on_port;
    case 'T':
    case 'C':
    case 'S':
    case 't':
    case 'A':
      return on_port && length > 4;
    default:
      return false;
  }
}

Recognition recognise_startup(const uint8_t* bytes, size_t size) {
  if (size < 8) {
    const bool has_length = size > 1 && bytes[1] == 0;
    const bool has_code = size < 5 || bytes[4] == 0 || bytes[4] == kSslCode >> 24;
    return has_length && has_code ? Recognition::kUndecided : Recognition::kNo;
  }
  if (!is_startup(bytes, size)) return Recognition::kNo;
  const uint32_t code = unsigned32(bytes, 4);
  if (code == kSslCode || code == kGssCode) return size == 8 ? Recognition::kRequest : Recognition::kNo;
  if (code == kCancelCode) return Recognition::kRequest;
  if (size == 8) return Recognition::kUndecided;
  return is_letter(bytes[8]) || bytes[8] == '_' ? Recognition::kRequest : Recognition::kNo;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp || size == 0) return Recognition::kNo;
  const bool from_server = hints.is_from_server(kPort);
  const bool on_port = hints.has_port(kPort);
  if (bytes[0] == 0) return from_server ? Recognition::kNo : recognise_startup(bytes, size);
  const bool may_be_request = !from_server && is_one_of(kFrontendTypes, bytes[0]);
  const bool may_be_response = !hints.is_from_client(kPort) && is_one_of(kBackendTypes, bytes[0]);
  if (!may_be_request && !may_be_response) return Recognition::kNo;
  if (size < kHeaderBytes) return size > 1 && bytes[1] == 0 ? Recognition::kUndecided : Recognition::kNo;
  const uint32_t length = unsigned32(bytes, 1);
  if (length < 4 || length > kMaxRecognisedBytes) return Recognition::kNo;
  if (may_be_request && is_request(bytes, size, length, on_port)) return Recognition::kRequest;
  if (may_be_response && is_response(bytes, size, length, on_port)) return Recognition::kResponse;
  return size == kHeaderBytes && length > 4 ? Recognition::kUndecided : Recognition::kNo;
}

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials& credentials) {
  return std::make_unique<Postgresql>(first, credentials);
}

}  // namespace

const Protocol kPostgresql = {recognise, open};

}  // namespace spanloom::redaction
