// SPDX-License-Identifier: Apache-2.0
#include "encode.h"

#include <bit>
#include <cstring>

static_assert(std::endian::native == std::endian::little);

namespace spanloom {
namespace {

// 29 fields of at most ten bytes, both addresses and the name; write_long() needs no more room behind the last of them.
constexpr size_t kMaxBytesWithoutPayload = 29 * 10 + 16 + 16 + SPANLOOM_NAME_BYTES;

// Avro's int and long are the same: zigzag, then seven bits a byte, lowest first. May write eight bytes whatever it uses.
uint8_t* write_long(uint8_t* out, int64_t value) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  if (rest < 0x80) {
    *out = static_cast<uint8_t>(rest);
    return out + 1;
  }
  if (rest >> 56 == 0) {
    // All bytes at once, as ids have eight: halves of 28 bits, quarters of 14, then sevens move to bytes of their own.
    const int bytes = (70 - std::countl_zero(rest)) / 7;
    rest = (rest & 0x000000000fffffff) | (rest & 0x00fffffff0000000) << 4;
    rest = (rest & 0x00003fff00003fff) | (rest & 0x0fffc0000fffc000) << 2;
    rest = (rest & 0x007f007f007f007f) | (rest & 0x3f803f803f803f80) << 1;
    rest |= 0x8080808080808080 & ((uint64_t{1} << (8 * (bytes - 1))) - 1);
    std::memcpy(out, &rest, sizeof(rest));
    return out + bytes;
  }
  while (rest > 0x7f) {
    *out++ = static_cast<uint8_t>(rest) | 0x80;
    rest >>= 7;
  }
  *out++ = static_cast<uint8_t>(rest);
  return out;
}

uint8_t* write_bytes(uint8_t* out, const void* bytes, size_t count) {
  out = write_long(out, static_cast<int64_t>(count));
  std::memcpy(out, bytes, count);
  return out + count;
}

// A process may call itself anything; Avro strings must be UTF-8, so what is not printable ASCII becomes '?'.
uint8_t* write_name(uint8_t* out, const char* name) {
  const size_t length = strnlen(name, SPANLOOM_NAME_BYTES);
  out = write_long(out, static_cast<int64_t>(length));
  for (size_t index = 0; index < length; index++) {
    const char character = name[index];
    *out++ = static_cast<uint8_t>(character >= 0x20 && character < 0x7f ? character : '?');
  }
  return out;
}

}  // namespace

void encode_event(const spanloom_event& event, const SentPayload& payload, uint64_t base_monotonic_ns, Bytes& bytes) {
  const spanloom_socket& socket = event.socket;
  const size_t address_bytes = socket.address_bytes == 16 ? 16 : 4;
  uint8_t* out = bytes.reserve(kMaxBytesWithoutPayload + payload.length + payload.ranges.size() * 2 * 10);

  out = write_long(out, static_cast<int64_t>(event.id));
  out = write_long(out, event.kind);
  out = write_long(out, event.direction);
  out = write_long(out, static_cast<int64_t>(event.time_ns - base_monotonic_ns));
  out = write_long(out, static_cast<int32_t>(event.process_id));
  out = write_long(out, static_cast<int32_t>(event.thread_id));
  out = write_long(out, 0);  // context_kind: thread
  out = write_long(out, event.thread_id);
  out = write_name(out, event.process_name);
  out = write_long(out, static_cast<int64_t>(socket.socket_id));
  out = write_long(out, event.file_descriptor);
  out = write_long(out, socket.network_namespace);
  out = write_long(out, socket.transport);
  out = write_long(out, socket.role);
  out = write_bytes(out, socket.local_address, address_bytes);
  out = write_long(out, socket.local_port);
  out = write_bytes(out, socket.remote_address, address_bytes);
  out = write_long(out, socket.remote_port);
  *out++ = 0;  // tls
  out = write_long(out, static_cast<int64_t>(event.length));
  out = write_long(out, event.tcp_sequence);
  out = write_long(out, static_cast<int64_t>(event.phase));
  out = write_long(out, static_cast<int64_t>(event.after));
  out = write_long(out, static_cast<int64_t>(event.connect_id));
  out = write_long(out, static_cast<int64_t>(event.message_id));
  out = write_long(out, static_cast<int32_t>(event.error));
  out = write_bytes(out, payload.bytes, payload.length);
  if (!payload.ranges.empty()) {
    out = write_long(out, static_cast<int64_t>(payload.ranges.size() * 2));
    for (const redaction::Range& range : payload.ranges) {
      out = write_long(out, range.offset);
      out = write_long(out, range.length);
    }
  }
  *out++ = 0;  // end of redacted
  bytes.advance_to(out);
}

}  // namespace spanloom
