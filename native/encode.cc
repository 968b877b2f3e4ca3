// SPDX-License-Identifier: Apache-2.0
#include "encode.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "avro-write.h"
#include "encode-ranges.h"
#include "generated/event-fields.h"

namespace spanloom {
namespace {

// A path with what is put around it; the other address is empty then.
constexpr size_t kMaxAddressBytes = SPANLOOM_MAX_PATH + 4;
// Fields, and other contexts, of at most ten bytes, both addresses and the name, and ten bytes that write_long() may write
// behind the last.
constexpr size_t kMaxBytesWithoutPayload =
    (SPANLOOM_EVENT_FIELD_COUNT + SPANLOOM_MAX_ANSWERS_TO + SPANLOOM_MAX_WOKEN_AFTER + SPANLOOM_MAX_ANCESTORS + 2) * 10 + kMaxAddressBytes + 16 +
    SPANLOOM_NAME_BYTES;

// Ids of contexts come out of the memory of other processes. Readers take no number beyond 2^53: it becomes 0, as what
// cannot be read.
constexpr uint64_t kMaxContextId = (uint64_t{1} << 53) - 1;

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

// The address of a Unix socket: its path, or `@` and its abstract name, ended by zeros so that it has neither four nor sixteen
// bytes, as those of the internet have. What is bound to a relative path begins with `./`.
uint8_t* write_path(uint8_t* out, const uint8_t* path, size_t length) {
  const bool is_abstract = path[0] == 0;
  while (!is_abstract && length > 0 && path[length - 1] == 0) length--;
  const size_t added = is_abstract || path[0] == '/' ? 0 : 2;
  const size_t ended = added + length + 1;
  const size_t zeros = ended == 4 || ended == 16 ? 2 : 1;
  out = write_long(out, static_cast<int64_t>(added + length + zeros));
  if (added > 0) std::memcpy(out, "./", added);
  out += added;
  std::memcpy(out, path, length);
  if (is_abstract) *out = '@';
  out += length;
  std::memset(out, 0, zeros);
  return out + zeros;
}

uint8_t* write_context_id(uint8_t* out, uint64_t id) {
  return write_long(out, id > kMaxContextId ? 0 : static_cast<int64_t>(id));
}

// An array of longs: the first of `ids`, if there are as many.
uint8_t* write_context_ids(uint8_t* out, std::span<const __u64> ids, size_t set) {
  const size_t count = std::min(set, ids.size());
  if (count > 0) {
    out = write_long(out, static_cast<int64_t>(count));
    for (size_t index = 0; index < count; index++) out = write_context_id(out, ids[index]);
  }
  return write_long(out, 0);
}

// Writes the fields of one event, each by the function of its name. What the kernel counts in 32 bits and the schema calls
// an int is signed there.
struct EventFields {
  const spanloom_event& event;
  const SentPayload& sent;
  const uint64_t base_monotonic_ns;

  size_t address_bytes() const { return event.socket.address_bytes == 16 ? 16 : 4; }

  uint8_t* address(uint8_t* out, const __u8* bytes, bool is_local) const {
    if (event.socket.transport != SPANLOOM_UNIX) return write_bytes(out, bytes, address_bytes());
    if (event.path_length == 0 || event.path_length > SPANLOOM_MAX_PATH || (event.path_is_local != 0) != is_local)
      return write_long(out, 0);
    return write_path(out, sent.bytes + event.payload_length, event.path_length);
  }

  uint8_t* id(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.id)); }
  uint8_t* kind(uint8_t* out) const { return write_long(out, event.kind); }
  uint8_t* direction(uint8_t* out) const { return write_long(out, event.direction); }
  uint8_t* time_offset_ns(uint8_t* out) const {
    return write_long(out, static_cast<int64_t>(event.time_ns - base_monotonic_ns));
  }
  uint8_t* process_id(uint8_t* out) const { return write_long(out, static_cast<int32_t>(event.process_id)); }
  uint8_t* thread_id(uint8_t* out) const { return write_long(out, static_cast<int32_t>(event.thread_id)); }
  uint8_t* context_kind(uint8_t* out) const { return write_long(out, event.context_kind); }
  uint8_t* context_id(uint8_t* out) const { return write_context_id(out, event.context_id); }
  uint8_t* context_ancestors(uint8_t* out) const {
    return write_context_ids(out, event.context_ancestors, event.context_ancestor_count);
  }
  uint8_t* answers_to(uint8_t* out) const { return write_context_ids(out, event.answers_to, event.answers_to_count); }
  uint8_t* woken_after(uint8_t* out) const {
    return write_context_ids(out, event.woken_after, event.woken_after_count);
  }
  uint8_t* process_name(uint8_t* out) const { return write_name(out, event.process_name); }
  uint8_t* socket_id(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.socket.socket_id)); }
  uint8_t* file_descriptor(uint8_t* out) const { return write_long(out, event.file_descriptor); }
  uint8_t* network_namespace(uint8_t* out) const { return write_long(out, event.socket.network_namespace); }
  uint8_t* transport(uint8_t* out) const { return write_long(out, event.socket.transport); }
  uint8_t* role(uint8_t* out) const { return write_long(out, event.socket.role); }
  uint8_t* local_address(uint8_t* out) const { return address(out, event.socket.local_address, true); }
  uint8_t* local_port(uint8_t* out) const { return write_long(out, event.socket.local_port); }
  uint8_t* remote_address(uint8_t* out) const { return address(out, event.socket.remote_address, false); }
  uint8_t* remote_port(uint8_t* out) const { return write_long(out, event.socket.remote_port); }
  uint8_t* tls(uint8_t* out) const { return write_boolean(out, false); }
  uint8_t* length(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.length)); }
  uint8_t* tcp_sequence(uint8_t* out) const { return write_long(out, event.tcp_sequence); }
  uint8_t* phase(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.phase)); }
  uint8_t* after(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.after)); }
  uint8_t* connect_id(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.connect_id)); }
  uint8_t* message_id(uint8_t* out) const { return write_long(out, static_cast<int64_t>(event.message_id)); }
  uint8_t* error(uint8_t* out) const { return write_long(out, static_cast<int32_t>(event.error)); }
  uint8_t* payload(uint8_t* out) const { return write_bytes(out, sent.bytes, sent.length); }
  uint8_t* redacted(uint8_t* out) const { return write_ranges(out, sent.ranges); }
};

}  // namespace

void encode_event(const spanloom_event& event, const SentPayload& payload, uint64_t base_monotonic_ns, Bytes& bytes) {
  const EventFields fields{event, payload, base_monotonic_ns};
  uint8_t* out = bytes.reserve(kMaxBytesWithoutPayload + payload.length + payload.ranges.size() * 2 * 10);
#define SPANLOOM_WRITE(name) out = fields.name(out);
  SPANLOOM_EVENT_FIELDS(SPANLOOM_WRITE)
#undef SPANLOOM_WRITE
  bytes.advance_to(out);
}

}  // namespace spanloom
