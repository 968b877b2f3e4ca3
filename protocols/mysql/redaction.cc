// SPDX-License-Identifier: Apache-2.0
//
// MySQL and MariaDB. Packets of a length and a sequence number; a command begins at sequence 0. From the client's handshake
// response (or COM_CHANGE_USER) to the server's OK or ERR, whatever the client sends is a secret. Later, secrets are literals
// of statements, and parameters of statements that speak of a password.
#include <algorithm>
#include <unordered_set>

#include "generated/protocol-tables.h"
#include "generated/protocols.h"
#include "protocols/mysql/mysql-query-attributes.h"
#include "protocols/sql/sql.h"

namespace spanloom::redaction {
namespace {

constexpr uint16_t kPort = kMysqlPorts[0];
constexpr size_t kHeaderBytes = 4;
// Of the frames of connections that agreed on compression, in which packets come: length, sequence, length before compression.
constexpr size_t kFrameHeaderBytes = 7;
constexpr size_t kLeastFrameBytes = kFrameHeaderBytes + kHeaderBytes;
constexpr uint32_t kFullPacketBytes = 0xffffff;
constexpr uint32_t kMaxGreetingBytes = 1024;
constexpr size_t kMaxSecretStatements = 256;

constexpr uint8_t kComInitDatabase = 0x02;
constexpr uint8_t kComQuery = 0x03;
constexpr uint8_t kComChangeUser = 0x11;
constexpr uint8_t kComPrepare = 0x16;
constexpr uint8_t kComExecute = 0x17;
constexpr uint8_t kComSendLongData = 0x18;
constexpr uint8_t kComCloseStatement = 0x19;
constexpr uint8_t kComResetStatement = 0x1a;
constexpr uint8_t kComBulkExecute = 0xfa;

// Of the server's status.
constexpr uint32_t kNoBackslashEscapes = 0x200;

constexpr uint32_t kCompress = 0x20;
constexpr uint32_t kProtocol41 = 0x200;
constexpr uint32_t kSsl = 0x800;
constexpr uint32_t kSecureConnection = 0x8000;
constexpr uint32_t kLengthEncodedAuth = 0x200000;
constexpr uint32_t kZstd = 0x4000000;
constexpr uint32_t kQueryAttributes = 0x8000000;

uint32_t packet_length(const uint8_t* bytes) { return bytes[0] | bytes[1] << 8 | bytes[2] << 16; }

uint32_t little32(const uint8_t* bytes) {
  return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | static_cast<uint32_t>(bytes[3]) << 24;
}

bool is_command(uint8_t code) {
  return (code >= 0x01 && code <= 0x0e && code != 0x0b) || code == 0x11 || code == 0x12 || (code >= 0x15 && code <= 0x1c) ||
         code == 0x1e || code == 0x1f || code == kComBulkExecute;
}

// Where the version of a greeting (protocol 10) ends; kNone when it is none.
size_t greeting_version_end(const uint8_t* bytes, size_t from, size_t end) {
  if (end < from + 6 || bytes[from] != 10 || !is_digit(bytes[from + 1])) return kNone;
  bool has_dot = false;
  for (size_t at = from + 1; at < std::min(end, from + 80); at++) {
    if (bytes[at] == 0) return has_dot && at > from + 5 ? at : kNone;
    if (bytes[at] < 0x20 || bytes[at] > 0x7e) return kNone;
    if (bytes[at] == '.') has_dot = true;
  }
  return kNone;
}

// A handshake response of protocol 4.1, or the beginning of one that asks for TLS.
bool is_handshake_response(const uint8_t* bytes, size_t from, size_t end) {
  if (end < from + 32 || (little32(bytes + from) & kProtocol41) == 0) return false;
  // 19 of the 23 reserved bytes are zero; MariaDB uses the last four.
  for (size_t at = from + 9; at < from + 28; at++)
    if (bytes[at] != 0) return false;
  return true;
}

// The content of the frame at `bytes` is compressed.
bool is_compressed_frame(const uint8_t* bytes) { return packet_length(bytes + kHeaderBytes) != 0; }

// A frame stands here that holds whole packets, as far as captured; see mysql-frames.ts.
bool is_frame(const uint8_t* bytes, size_t size, uint8_t sequence) {
  if (size < kLeastFrameBytes || bytes[3] != sequence || is_compressed_frame(bytes)) return false;
  size_t at = kFrameHeaderBytes;
  const size_t frame_end = at + packet_length(bytes);
  for (uint8_t next = sequence; at < frame_end && at + kHeaderBytes <= size; next++) {
    const size_t length = packet_length(bytes + at);
    if (bytes[at + 3] != next || length == 0 || at + kHeaderBytes + length > frame_end) return false;
    at += kHeaderBytes + length;
  }
  return at == frame_end || at + kHeaderBytes > size;
}

// There are bytes enough to tell a frame from the packet that stands here, or that packet is whole.
bool can_tell_frame(const uint8_t* bytes, size_t size) {
  return size >= kLeastFrameBytes || (size >= kHeaderBytes && size >= kHeaderBytes + packet_length(bytes));
}

// A frame begins here whose content is compressed, by zlib or Zstandard.
bool looks_compressed(const uint8_t* bytes, size_t size) {
  if (size < kFrameHeaderBytes + 4 || !is_compressed_frame(bytes)) return false;
  const uint8_t* content = bytes + kFrameHeaderBytes;
  const bool is_zlib = content[0] == 0x78 && (content[0] << 8 | content[1]) % 31 == 0;
  return is_zlib || (content[0] == 0x28 && content[1] == 0xb5 && content[2] == 0x2f && content[3] == 0xfd);
}

enum class Framing : uint8_t { kUnknown, kPackets, kFrames };

enum class Phase : uint8_t { kUnknown, kGreeted, kLogin, kCommand };

class Mysql final : public Conversation {
 public:
  Mysql(Sender first, const Credentials& credentials) : Conversation(first), credentials_(credentials) {}

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    if (!call.starts_message || reader.end() < kHeaderBytes) return false;
    const uint8_t* bytes = reader.window();
    const uint32_t length = packet_length(bytes);
    const uint8_t sequence = bytes[3];
    if (call.sender == Sender::kServer && greeting_version_end(bytes, kHeaderBytes, reader.end()) != kNone) return sequence == 0;
    if (framing_ == Framing::kFrames) return resumes_frames(call.sender, bytes, reader.end());
    if (call.sender == Sender::kServer) {
      // The first packet of an answer; while a client logs in, sequences go on.
      return length > 0 && (sequence == 1 || (phase_ == Phase::kLogin && sequence < 16));
    }
    if (reader.end() == kHeaderBytes) return length > 0 && (sequence == 0 || (phase_ == Phase::kGreeted && sequence <= 2));
    if (sequence == 0) return length > 0 && is_command(bytes[kHeaderBytes]);
    return (phase_ == Phase::kGreeted && sequence <= 2) || (phase_ == Phase::kLogin && sequence < 16);
  }

  // A frame begins the client's command, or the answer. What is within it is looked at when it is read.
  static bool resumes_frames(Sender sender, const uint8_t* bytes, size_t size) {
    if (size < kFrameHeaderBytes || packet_length(bytes) == 0) return false;
    if (sender == Sender::kServer) return bytes[3] > 0;
    if (bytes[3] != 0 || is_compressed_frame(bytes) || size <= kLeastFrameBytes) return bytes[3] == 0;
    return bytes[kLeastFrameBytes - 1] == 0 && is_command(bytes[kLeastFrameBytes]);
  }

  void resumed(Sender sender) override { frame_left(sender) = 0; }

  uint32_t& frame_left(Sender sender) { return frame_left_[static_cast<size_t>(sender)]; }

  void step(Sender sender, StreamReader& reader) override {
    const uint8_t* bytes = reader.window() + reader.position();
    if (framing_ == Framing::kUnknown) {
      const size_t size = reader.available();
      // What stands in the middle of a response may look like anything.
      const uint8_t first = sender == Sender::kClient ? 0 : 1;
      const bool is_compressed = looks_compressed(bytes, size) && bytes[3] == first;
      if (is_compressed || is_frame(bytes, size, first)) framing_ = Framing::kFrames;
      else if (!can_tell_frame(bytes, size) && !reader.has_gap()) return reader.wait();
    }
    if (framing_ != Framing::kFrames) return packet_step(sender, reader);
    uint32_t& left = frame_left(sender);
    if (left == 0) return frame_header(sender, reader);
    if (reader.available() < kHeaderBytes) return reader.wait();
    // One that reaches into the next frame is too large for what frames hold as it is.
    const uint32_t size = kHeaderBytes + packet_length(bytes);
    if (size > left) return reader.lose();
    const size_t before = reader.position();
    packet_step(sender, reader);
    if (reader.position() != before) left -= size;
  }

  // What follows a compressed frame begins where nobody knows.
  void frame_header(Sender sender, StreamReader& reader) {
    if (reader.available() < kFrameHeaderBytes) return reader.wait();
    const uint8_t* bytes = reader.window() + reader.position();
    const bool is_greeting =
        sender == Sender::kServer && bytes[3] == 0 && greeting_version_end(bytes, kHeaderBytes, reader.available()) != kNone;
    if (is_greeting) {
      framing_ = Framing::kUnknown;
      return packet_step(sender, reader);
    }
    if (is_compressed_frame(bytes)) return reader.lose();
    frame_left(sender) = packet_length(bytes);
    reader.pass(kFrameHeaderBytes);
  }

  void packet_step(Sender sender, StreamReader& reader) {
    if (reader.available() < kHeaderBytes) return reader.wait();
    const uint8_t* bytes = reader.window() + reader.position();
    const uint32_t length = packet_length(bytes);
    if (length == 0) {
      if (sender == Sender::kClient) continues_secret_ = false;
      return reader.pass(kHeaderBytes);
    }
    // What a packet is, its first byte says.
    if (reader.available() == kHeaderBytes) return reader.wait();
    if (sender == Sender::kServer) server_packet(reader, length);
    else client_packet(reader, length, bytes[3]);
  }

  void server_packet(StreamReader& reader, uint32_t length) {
    const uint8_t* bytes = reader.window();
    const size_t body = reader.position() + kHeaderBytes;
    const uint8_t sequence = bytes[body - 1];
    const uint8_t kind = bytes[body];
    const size_t version_end = sequence == 0 ? greeting_version_end(bytes, body, reader.end()) : kNone;
    if (version_end != kNone) {
      phase_ = Phase::kGreeted;
      read_greeting(bytes, version_end, reader.end());
    } else if (phase_ == Phase::kLogin && (kind == 0x00 || kind == 0xff)) {
      phase_ = Phase::kCommand;
      if (kind == 0x00 && agreed_on_frames_) framing_ = Framing::kFrames;
    } else if (awaits_statement_id_ && sequence == 1) {
      awaits_statement_id_ = false;
      if (kind == 0x00 && reader.available() >= kHeaderBytes + 5 && secret_statements_.size() < kMaxSecretStatements)
        secret_statements_.insert(little32(bytes + body + 1));
    }
    if (kind == 0xff) {
      const uint64_t total = kHeaderBytes + uint64_t{length};
      const size_t end = reader.position() + static_cast<size_t>(std::min<uint64_t>(reader.available(), total));
      // Number and SQLSTATE stand before the text.
      const bool is_whole = end - reader.position() == total;
      if (end > body + 3) cover_sql_error(reader, body + 3, end, is_whole, has_secret_, credentials_);
      if (!is_whole && !reader.has_gap()) return reader.keep();
    }
    if (kind == 0x00) read_status(bytes, body, std::min(reader.end(), body + length));
    reader.pass(kHeaderBytes + uint64_t{length});
  }

  // The server's status in an OK packet, behind two length-encoded numbers. The answer to a prepare looks alike, but is of
  // another length.
  void read_status(const uint8_t* bytes, size_t body, size_t end) {
    if (end - body < 7 || end - body == 12 || bytes[body + 1] >= 0xfb || bytes[body + 2] >= 0xfb) return;
    const uint32_t status = bytes[body + 3] | bytes[body + 4] << 8;
    escapes_ = (status & kNoBackslashEscapes) != 0 ? Escapes::kNone : Escapes::kBackslash;
  }

  // Capabilities stand behind thread id (4), challenge (8) and a zero; the upper half behind character set and status.
  void read_greeting(const uint8_t* bytes, size_t version_end, size_t end) {
    const size_t lower = version_end + 1 + 4 + 8 + 1;
    if (lower + 7 > end) return;
    server_capabilities_ = bytes[lower] | bytes[lower + 1] << 8 | bytes[lower + 5] << 16 |
                           static_cast<uint32_t>(bytes[lower + 6]) << 24;
  }

  void client_packet(StreamReader& reader, uint32_t length, uint8_t sequence) {
    const size_t from = reader.position();
    const uint64_t total = kHeaderBytes + uint64_t{length};
    const bool is_whole = reader.available() >= total;
    const size_t body = from + kHeaderBytes;
    const size_t end = is_whole ? from + static_cast<size_t>(total) : reader.end();
    if (sequence != 0) return later_packet(reader, total, is_whole, end);
    phase_ = Phase::kCommand;
    continues_secret_ = false;
    const uint8_t* bytes = reader.window();
    if (framing_ == Framing::kUnknown && is_command(bytes[body])) framing_ = Framing::kPackets;
    const size_t argument = body + 1;
    switch (bytes[body]) {
      case kComQuery:
      case kComPrepare: {
        size_t text = argument;
        if (bytes[body] == kComQuery) text = query_text(bytes, argument, end);
        const bool is_secret = text != kNone && cover_sql(reader, text, end, is_whole, SqlDialect::kMysql, escapes_, credentials_);
        has_secret_ = is_secret;
        if (bytes[body] == kComPrepare) awaits_statement_id_ = is_secret;
        continues_secret_ = is_secret && length == kFullPacketBytes;
        return pass_or_wait(reader, total, is_whole);
      }
      case kComChangeUser: {
        phase_ = Phase::kLogin;
        const size_t user_end = text_end(bytes, argument, end);
        if (user_end < end) cover_auth(reader, user_end + 1, end, kSecureConnection);
        return pass_or_wait(reader, total, is_whole);
      }
      case kComExecute:
      case kComBulkExecute:
      case kComSendLongData: {
        const bool covers_all = credentials_.whole().literals;
        if (secret_statements_.empty() && !covers_all) return reader.pass(total);
        if (!is_whole && end < argument + 4) return reader.wait();
        const bool is_secret =
            covers_all || (end >= argument + 4 && secret_statements_.count(little32(bytes + argument)) > 0);
        const size_t shown = std::min<size_t>(bytes[body] == kComExecute ? 10 : 7, end - body);
        reader.pass(kHeaderBytes + shown);
        return reader.pass(length - shown, is_secret ? Passing::kCovered : Passing::kShown);
      }
      default:
        return reader.pass(total);
    }
  }

  // Where the text of a COM_QUERY begins; kNone when that was not captured.
  size_t query_text(const uint8_t* bytes, size_t from, size_t end) const {
    const bool knows = server_capabilities_ != 0 && client_capabilities_ != 0;
    const bool agreed = (server_capabilities_ & client_capabilities_ & kQueryAttributes) != 0;
    return behind_query_attributes(bytes, from, end, !knows ? Agreed::kUnknown : agreed ? Agreed::kYes : Agreed::kNo);
  }

  // A unit that has to be seen whole: waits, or covers what is behind the part that was captured.
  static void pass_or_wait(StreamReader& reader, uint64_t total, bool is_whole) {
    if (is_whole) return reader.pass(total);
    if (!reader.has_gap()) return reader.keep();
    const size_t here = reader.available();
    reader.pass(here);
    reader.pass(total - here, Passing::kCovered);
  }

  void later_packet(StreamReader& reader, uint64_t total, bool is_whole, size_t end) {
    const uint8_t* bytes = reader.window();
    const size_t body = reader.position() + kHeaderBytes;
    const bool may_be_response = phase_ == Phase::kGreeted || phase_ == Phase::kUnknown;
    if (may_be_response && is_handshake_response(bytes, body, end)) {
      client_capabilities_ = little32(bytes + body);
      const uint32_t agreed = server_capabilities_ == 0 ? client_capabilities_ : client_capabilities_ & server_capabilities_;
      agreed_on_frames_ = (agreed & (kCompress | kZstd)) != 0;
      if ((client_capabilities_ & kSsl) != 0 && total == kHeaderBytes + 32) {
        reader.pass(total);
        return this->end();
      }
      const size_t user_end = text_end(bytes, body + 32, end);
      if (user_end < end) cover_auth(reader, user_end + 1, end, client_capabilities_);
      if (is_whole || reader.has_gap()) phase_ = Phase::kLogin;
      return pass_or_wait(reader, total, is_whole);
    }
    if (may_be_response && !is_whole && !reader.has_gap() && end < body + 32) return reader.keep();
    reader.pass(kHeaderBytes);
    // In a login every packet is a secret; so it is where the beginning was not seen. Later, packets continue a long command
    // or carry a file.
    const bool is_secret = phase_ != Phase::kCommand || continues_secret_;
    reader.pass(total - kHeaderBytes, is_secret ? Passing::kCovered : Passing::kShown);
  }

  // The answer to the server's challenge: its length stands before it, or a zero ends it.
  static void cover_auth(StreamReader& reader, size_t from, size_t end, uint32_t capabilities) {
    const uint8_t* bytes = reader.window();
    if (from >= end) return;
    if ((capabilities & kLengthEncodedAuth) != 0 && bytes[from] >= 0xfb) {
      const uint64_t size = bytes[from] == 0xfc && end - from >= 3 ? bytes[from + 1] | bytes[from + 2] << 8 : 0xffff;
      reader.cover(from + 1 + (bytes[from] == 0xfc ? 2 : 0), static_cast<size_t>(std::min<uint64_t>(end, from + 3 + size)));
    } else if ((capabilities & (kLengthEncodedAuth | kSecureConnection)) != 0) {
      reader.cover(from + 1, std::min<size_t>(end, from + 1 + bytes[from]));
    } else {
      reader.cover(from, text_end(bytes, from, end));
    }
  }

  const Credentials& credentials_;
  Phase phase_ = Phase::kUnknown;
  // Packets come in frames once the login has succeeded.
  bool agreed_on_frames_ = false;
  // Unknown until the first command tells, or the login.
  Framing framing_ = Framing::kUnknown;
  // Bytes of the frame in hand of each direction that were not read yet.
  uint32_t frame_left_[2] = {0, 0};
  // The last statement spoke of a password, or none was seen.
  bool has_secret_ = true;
  Escapes escapes_ = Escapes::kUnknown;
  bool continues_secret_ = false;
  bool awaits_statement_id_ = false;
  // 0 where the handshake was not seen.
  uint32_t server_capabilities_ = 0;
  uint32_t client_capabilities_ = 0;
  // Ids of prepared statements that speak of a password.
  std::unordered_set<uint32_t> secret_statements_;
};

bool is_sql_verb(std::string_view word) {
  for (const std::string_view verb : kSqlVerbs)
    if (equal_nocase(word, verb)) return true;
  return false;
}

// Control characters before the first literal, which may have any.
bool has_controls(const uint8_t* bytes, size_t from, size_t end) {
  for (size_t at = from; at < end; at++) {
    if (bytes[at] == '"' || bytes[at] == '\'') return false;
    if ((bytes[at] < 0x20 && !is_space(bytes[at])) || bytes[at] == 0x7f) return true;
  }
  return false;
}

bool starts_comment(const uint8_t* bytes, size_t at, size_t end) {
  const uint8_t next = at + 1 < end ? bytes[at + 1] : 0;
  if (bytes[at] == '#') return true;
  if (bytes[at] == '/') return next == '*';
  return bytes[at] == '-' && next == '-' && (at + 2 >= end || is_space(bytes[at + 2]));
}

// What may stand behind a verb: a space, or what opens an operand.
bool may_follow_verb(uint8_t byte) {
  return is_space(byte) ||
         (byte != 0 && std::string_view("(\"'`@*-+/;#.!~?").find(static_cast<char>(byte)) != std::string_view::npos);
}

bool looks_like_sql(const uint8_t* bytes, size_t from, size_t end, bool on_port) {
  while (from < end && (is_space(bytes[from]) || bytes[from] == '(')) from++;
  if (from >= end || has_controls(bytes, from, end)) return false;
  size_t word_end = from;
  while (word_end < end && (is_letter(bytes[word_end]) || bytes[word_end] == '_')) word_end++;
  if (word_end == from) return starts_comment(bytes, from, end);
  if (word_end < end && !may_follow_verb(bytes[word_end])) return false;
  // Where everything is MySQL, a word with a typing error is still a statement.
  return is_sql_verb(view(bytes, from, word_end)) || (on_port && word_end - from > 2 && word_end - from <= 20);
}

// A header of a command stands here, as far as captured.
bool is_command_header(const uint8_t* bytes, size_t at, size_t size) {
  const size_t header = at + kHeaderBytes;
  if (header > size) return true;
  if (bytes[header - 1] != 0 || packet_length(bytes + at) == 0) return false;
  return header == size || is_command(bytes[header]);
}

bool recognises_argument(const uint8_t* bytes, uint8_t code, uint32_t length, size_t size, size_t end, bool on_port) {
  const size_t argument = kHeaderBytes + 1;
  switch (code) {
    case kComQuery:
    case kComPrepare: {
      const size_t text = code == kComQuery ? behind_query_attributes(bytes, argument, end, Agreed::kUnknown) : argument;
      return text != kNone && looks_like_sql(bytes, text, end, on_port);
    }
    case kComExecute:
      // One iteration, always (dev.mysql.com, COM_STMT_EXECUTE).
      return length >= 10 && end >= argument + 9 && little32(bytes + argument + 5) == 1 && bytes[argument + 4] < 16;
    case kComCloseStatement:
    case kComResetStatement:
      return length == 5 && (on_port || end < size);
    case kComInitDatabase:
      return length > 1 && length < 66 && on_port;
    default:
      return on_port && length < 64;
  }
}

// A call that moves fewer bytes than this, and ends within a packet, cut it in no place where clients cut.
constexpr uint64_t kLeastPartBytes = 512;

// Other protocols begin alike: off the usual port a statement begins with a verb of SQL, and the packet fits the call.
bool recognises_command(const uint8_t* bytes, size_t size, uint32_t length, size_t end, uint64_t moved, bool on_port) {
  const uint8_t code = bytes[kHeaderBytes];
  if (!is_command(code) || (end < size && !is_command_header(bytes, end, size))) return false;
  if (!recognises_argument(bytes, code, length, size, end, on_port)) return false;
  return on_port || kHeaderBytes + uint64_t{length} <= moved || moved >= kLeastPartBytes;
}

bool recognises_answer(const uint8_t* bytes, size_t size, uint32_t length) {
  const uint8_t first = bytes[kHeaderBytes];
  if (first == 0xff) return length >= 9 && size > kHeaderBytes + 3 && bytes[kHeaderBytes + 3] == '#';
  if (first == 0) return length >= 7 && length < 256;
  return length == 1 && size > kHeaderBytes + 4 && bytes[kHeaderBytes + 4] == 2;
}

Recognition recognise_packet(const uint8_t* bytes, size_t size, uint64_t moved, const Hints& hints) {
  const uint32_t length = packet_length(bytes);
  const uint8_t sequence = bytes[3];
  const bool from_server = hints.is_from_server(kPort);
  const bool from_client = hints.is_from_client(kPort);
  const bool on_port = hints.has_port(kPort);
  if (length == 0 || sequence > 2) return Recognition::kNo;
  // A header that was read or written by itself.
  if (size == kHeaderBytes)
    return on_port && length < 0x10000 && sequence < 2 ? Recognition::kUndecided : Recognition::kNo;
  const size_t end = std::min<size_t>(size, kHeaderBytes + length);
  if (sequence == 0 && length <= kMaxGreetingBytes && greeting_version_end(bytes, kHeaderBytes, end) != kNone)
    return from_client ? Recognition::kNo : Recognition::kResponse;
  // A login comes alone.
  const bool fits = kHeaderBytes + uint64_t{length} <= moved;
  if (sequence > 0 && !from_server && fits && is_handshake_response(bytes, kHeaderBytes, end)) return Recognition::kRequest;
  if (sequence == 0 && !from_server)
    return recognises_command(bytes, size, length, end, moved, on_port) ? Recognition::kRequest : Recognition::kNo;
  if (sequence == 1 && on_port && from_server && !from_client)
    return recognises_answer(bytes, size, length) ? Recognition::kResponse : Recognition::kNo;
  return Recognition::kNo;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.transport == Transport::kUdp) return Recognition::kNo;
  if (size < kHeaderBytes) return Recognition::kNo;
  // Compressed bytes may look like any command.
  if (looks_compressed(bytes, size)) return Recognition::kNo;
  const uint8_t sequence = bytes[3];
  if (sequence > 1) return recognise_packet(bytes, size, hints.length, hints);
  // The header of a frame that was read or written by itself.
  const bool is_short = size >= kFrameHeaderBytes && size < kLeastFrameBytes && size < kHeaderBytes + packet_length(bytes);
  if (is_short && !is_compressed_frame(bytes))
    return hints.has_port(kPort) && packet_length(bytes) < 0x10000 ? Recognition::kUndecided : Recognition::kNo;
  if (!is_frame(bytes, size, sequence)) return recognise_packet(bytes, size, hints.length, hints);
  return recognise_packet(bytes + kFrameHeaderBytes, size - kFrameHeaderBytes, hints.length - kFrameHeaderBytes, hints);
}

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials& credentials) {
  return std::make_unique<Mysql>(first, credentials);
}

}  // namespace

const Protocol kMysql = {recognise, open};

}  // namespace spanloom::redaction
