// SPDX-License-Identifier: Apache-2.0
#include "encode-flow.h"

#include "avro-write.h"
#include "encode-frame.h"

namespace spanloom::packets {
namespace {

constexpr size_t kMaxKey = 20 + 2 * (kMaxEncodedAddress + 10);
constexpr size_t kMaxObservation = 10 + 2 * kMaxEncodedLink + kMaxEncodedTunnels;
constexpr size_t kMaxSegment = 16 * 10 + kMaxKey + kMaxObservation;
constexpr size_t kMaxInterval = 2 * 16 * 10 + 24 * 10 + kMaxKey + 2 * kMaxObservation;

// `first` is the end that comes first: the sender, or the client.
uint8_t* write_key(uint8_t* out, const FlowKey& key, uint8_t first) {
  out = write_long(out, static_cast<int64_t>(key.protocol));
  out = write_long(out, key.interface);
  for (const FlowEnd& end : {key.ends[first], key.ends[1 - first]}) {
    out = write_address(out, end.address);
    out = write_long(out, end.port);
  }
  return out;
}

uint8_t* write_observation(uint8_t* out, const Observation& seen) {
  out = write_long(out, static_cast<int64_t>(seen.packet_type));
  out = write_link(out, seen.link);
  out = write_link(out, seen.inner_link);
  return write_tunnels(out, {seen.tunnels.data(), seen.tunnel_count});
}

uint8_t* write_delay(uint8_t* out, const Delay& delay) {
  out = write_long(out, delay.count);
  out = write_long(out, delay.sum_ns);
  return write_long(out, delay.max_ns);
}

uint8_t* write_side(uint8_t* out, const SideCounters& side) {
  out = write_long(out, static_cast<int64_t>(side.packets));
  out = write_long(out, static_cast<int64_t>(side.bytes));
  out = write_long(out, static_cast<int64_t>(side.payload_bytes));
  out = write_long(out, side.retransmissions);
  out = write_long(out, side.spurious_retransmissions);
  out = write_long(out, side.syn_retransmissions);
  out = write_long(out, side.out_of_order);
  out = write_long(out, side.duplicate_acks);
  out = write_long(out, side.zero_windows);
  out = write_long(out, side.resets);
  out = write_long(out, side.conflicts);
  out = write_long(out, static_cast<int64_t>(side.missed_bytes));
  return write_delay(out, side.acknowledgment);
}

}  // namespace

void FlowEncoder::take(const Segment& segment) {
  uint8_t* out = segments_.reserve(kMaxSegment + segment.payload.size());
  out = write_long(out, static_cast<int64_t>(segment.flow_id));
  out = write_key(out, segment.key, segment.sender);
  out = write_boolean(out, segment.sender == segment.client);
  out = write_boolean(out, segment.is_role_known);
  out = write_boolean(out, segment.starts_message);
  out = write_long(out, segment.sequence);
  out = write_long(out, static_cast<int64_t>(segment.length));
  out = write_bytes(out, segment.payload.data(), segment.payload.size());
  out = write_long(out, segment.time_ns);
  out = write_long(out, segment.last_time_ns);
  out = write_long(out, static_cast<int64_t>(segment.gap_bytes));
  out = write_long(out, static_cast<int64_t>(segment.gap));
  segments_.advance_to(write_observation(out, segment.observation));
}

// The client comes first of all that there is of both sides.
void FlowEncoder::take(const FlowInterval& interval) {
  uint8_t* out = intervals_.reserve(kMaxInterval);
  const uint8_t client = interval.client;
  out = write_long(out, static_cast<int64_t>(interval.flow_id));
  out = write_key(out, interval.key, client);
  out = write_boolean(out, interval.is_role_known);
  out = write_long(out, interval.start_ns);
  out = write_long(out, interval.end_ns);
  out = write_side(out, interval.sides[client]);
  out = write_side(out, interval.sides[1 - client]);
  out = write_long(out, interval.server_handshake_ns);
  out = write_long(out, interval.client_handshake_ns);
  out = write_delay(out, interval.response);
  out = write_delay(out, interval.client_idle);
  out = write_boolean(out, interval.is_opened);
  out = write_boolean(out, interval.is_open);
  out = write_long(out, static_cast<int64_t>(interval.close));
  out = write_observation(out, interval.observations[client]);
  intervals_.advance_to(write_observation(out, interval.observations[1 - client]));
}

}  // namespace spanloom::packets
