// SPDX-License-Identifier: Apache-2.0
#include "encode-flow.h"

#include <algorithm>
#include <utility>

#include "avro-write.h"
#include "encode-frame.h"
#include "encode-ranges.h"

namespace spanloom::packets {
namespace {

// Numbers of at most ten bytes each, and what has more.
constexpr size_t kMaxKey = 5 * 10 + 2 * (kMaxEncodedAddress + 10);
constexpr size_t kMaxObservation = 10 + 2 * kMaxEncodedLink + kMaxEncodedTunnels;
constexpr size_t kMaxSegment = 16 * 10 + kMaxKey + kMaxObservation;
constexpr size_t kMaxInterval = 2 * 16 * 10 + 24 * 10 + kMaxKey + 2 * kMaxObservation;

constexpr uint32_t kMaxBlockRecords = 8192;
constexpr size_t kMaxBlockBytes = 1024 * 1024;
// Readers refuse what is further from the base: enricher/batch-bounds.ts.
constexpr int64_t kMaxAheadNs = int64_t{1800} * 1'000'000'000;
constexpr int64_t kMaxBehindNs = int64_t{24} * 3600 * 1'000'000'000;
// Readers take no number beyond it.
constexpr int64_t kMaxNumber = (int64_t{1} << 53) - 1;

// The difference of two times, which a capture file may have put anywhere.
int64_t distance(int64_t from_ns, int64_t to_ns) {
  int64_t result = 0;
  if (__builtin_sub_overflow(to_ns, from_ns, &result)) return to_ns < from_ns ? INT64_MIN : INT64_MAX;
  return result;
}

uint8_t* write_time(uint8_t* out, int64_t time_ns) {
  return write_long(out, std::clamp<int64_t>(time_ns, -1, kMaxNumber));
}

int64_t transport_of(Protocol protocol) {
  return static_cast<int64_t>(protocol == Protocol::kTcp ? redaction::Transport::kTcp : redaction::Transport::kUdp);
}

enum class Passage : uint8_t { kUnknown, kIncoming, kOutgoing, kBypassing };

Passage passage_of(PacketType type) {
  switch (type) {
    case PacketType::kToUs:
    case PacketType::kBroadcast:
    case PacketType::kMulticast:
      return Passage::kIncoming;
    case PacketType::kOutgoing:
      return Passage::kOutgoing;
    case PacketType::kToOther:
      return Passage::kBypassing;
    default:
      return Passage::kUnknown;
  }
}

// `first` is the end that comes first: the sender, or the client.
uint8_t* write_key(uint8_t* out, const FlowKey& key, uint8_t first) {
  out = write_long(out, key.interface.network_namespace);
  out = write_long(out, static_cast<int32_t>(key.interface.index));
  out = write_long(out, transport_of(key.protocol));
  for (const FlowEnd& end : {key.ends[first], key.ends[1 - first]}) {
    out = write_address(out, end.address);
    out = write_long(out, end.port);
  }
  return out;
}

uint8_t* write_observation(uint8_t* out, const Observation& seen) {
  out = write_long(out, static_cast<int64_t>(passage_of(seen.packet_type)));
  out = write_link(out, seen.link);
  static constexpr Encapsulation kNone;
  const Encapsulation& around = seen.encapsulation == nullptr ? kNone : *seen.encapsulation;
  out = write_link(out, around.inner_link);
  return write_tunnels(out, {around.tunnels.data(), around.tunnel_count});
}

uint8_t* write_delay(uint8_t* out, const Delay& delay) {
  out = write_long(out, delay.count);
  out = write_time(out, delay.sum_ns);
  return write_time(out, delay.max_ns);
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

int64_t FlowBlock::until_offset_ns() const {
  return std::clamp(distance(base_ns, until_ns), -kMaxBehindNs, kMaxAheadNs);
}

void FlowEncoder::finish_block() {
  block_.last_segment_id = last_segment_id_;
  block_.last_flow_id = last_flow_id_;
  block_.until_ns = until_ns_;
  last_segments_bytes_ = block_.segments.size();
  full_.push_back(std::move(block_));
  block_ = {};
}

// The block that a record of this time goes into: another one, where this one is full or of another time.
FlowBlock& FlowEncoder::block_for(int64_t time_ns) {
  if (waiting() > 0) {
    const int64_t offset_ns = distance(block_.base_ns, time_ns);
    const bool is_full = waiting() >= kMaxBlockRecords || block_.segments.size() + block_.intervals.size() >= kMaxBlockBytes;
    if (is_full || offset_ns > kMaxAheadNs || offset_ns < -kMaxBehindNs) finish_block();
  }
  if (waiting() == 0) {
    block_.base_ns = time_ns;
    // As the one before: growing copies.
    block_.segments.reserve(last_segments_bytes_);
  }
  return block_;
}

int64_t FlowEncoder::offset(int64_t time_ns) const {
  return std::clamp(distance(block_.base_ns, time_ns), -kMaxBehindNs, kMaxAheadNs);
}

std::vector<FlowBlock> FlowEncoder::take_blocks(int64_t until_ns, bool is_all) {
  if (is_all) {
    until_ns_ = std::max(until_ns_, until_ns);
    if (waiting() > 0) finish_block();
  }
  return std::exchange(full_, {});
}

// Overwrites what may not leave the host in a copy of the payload; returns how many bytes of it are sent. To the redactor a
// flow is the client's socket.
size_t FlowEncoder::redact(const Segment& segment) {
  redacted_.clear();
  payload_.assign(segment.payload.begin(), segment.payload.end());
  if (redactor_ == nullptr) return payload_.size();
  const bool is_tcp = segment.key.protocol == Protocol::kTcp;
  SocketCall call{};
  call.socket_id = segment.flow_id;
  call.transport = is_tcp ? redaction::Transport::kTcp : redaction::Transport::kUdp;
  call.role_is_known = segment.is_role_known;
  call.local_is_client = true;
  call.local_port = segment.key.ends[segment.client].port;
  call.remote_port = segment.key.ends[1 - segment.client].port;
  call.is_egress = segment.sender == segment.client;
  call.starts_message = segment.starts_message;
  call.tcp_sequence = segment.sequence;
  call.length = segment.length;
  return redactor_->redact(call, payload_.data(), payload_.size(), redacted_);
}

void FlowEncoder::take(const Segment& segment) {
  FlowBlock& block = block_for(segment.time_ns);
  const size_t sent = redact(segment);
  uint8_t* out = block.segments.reserve(kMaxSegment + sent + redacted_.size() * 2 * 10);
  last_segment_id_ = next_segment_id_++;
  last_flow_id_ = std::max(last_flow_id_, segment.flow_id);
  out = write_long(out, static_cast<int64_t>(last_segment_id_));
  out = write_long(out, static_cast<int64_t>(segment.flow_id));
  out = write_key(out, segment.key, segment.sender);
  out = write_boolean(out, segment.sender == segment.client);
  out = write_boolean(out, segment.is_role_known);
  out = write_boolean(out, segment.starts_message);
  out = write_long(out, segment.sequence);
  out = write_long(out, static_cast<int64_t>(segment.length));
  out = write_bytes(out, payload_.data(), sent);
  out = write_ranges(out, redacted_);
  out = write_long(out, offset(segment.time_ns));
  out = write_long(out, offset(segment.last_time_ns));
  out = write_long(out, static_cast<int64_t>(segment.gap_bytes));
  out = write_long(out, static_cast<int64_t>(segment.gap));
  block.segments.advance_to(write_observation(out, segment.observation));
  block.segment_count++;
}

// The client comes first of all that there is of both sides.
void FlowEncoder::take(const FlowInterval& interval) {
  FlowBlock& block = block_for(interval.end_ns);
  if (redactor_ != nullptr && interval.close != CloseType::kOpen) redactor_->forget(interval.flow_id);
  uint8_t* out = block.intervals.reserve(kMaxInterval);
  last_flow_id_ = std::max(last_flow_id_, interval.flow_id);
  const uint8_t client = interval.client;
  out = write_long(out, static_cast<int64_t>(interval.flow_id));
  out = write_key(out, interval.key, client);
  out = write_boolean(out, interval.is_role_known);
  out = write_long(out, offset(interval.start_ns));
  out = write_long(out, offset(interval.end_ns));
  out = write_side(out, interval.sides[client]);
  out = write_side(out, interval.sides[1 - client]);
  out = write_time(out, interval.server_handshake_ns);
  out = write_time(out, interval.client_handshake_ns);
  out = write_delay(out, interval.response);
  out = write_delay(out, interval.client_idle);
  out = write_boolean(out, interval.is_opened);
  out = write_boolean(out, interval.is_open);
  out = write_long(out, static_cast<int64_t>(interval.close));
  out = write_observation(out, interval.observations[client]);
  block.intervals.advance_to(write_observation(out, interval.observations[1 - client]));
  block.interval_count++;
}

}  // namespace spanloom::packets
