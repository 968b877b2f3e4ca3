// SPDX-License-Identifier: Apache-2.0
#include "redact-call.h"

namespace spanloom::redaction {

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

}  // namespace spanloom::redaction
