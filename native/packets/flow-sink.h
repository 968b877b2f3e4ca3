// SPDX-License-Identifier: Apache-2.0
//
// What comes of flows: segments, as the socket events that a process would have made of the same bytes, and counters of an
// interval.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "flow-key.h"

namespace spanloom::packets {

// Why bytes before a segment are missing.
enum class Gap : uint8_t {
  kNone,
  // The receiver acknowledged them: they passed here, and were not captured.
  kAcknowledged,
  // They did not come within 200 ms.
  kTimeout,
  // 256 packets came after them.
  kDistance,
  // There was no more room for what came after them.
  kRoom,
  // The connection ended before they came.
  kClosed,
};

inline constexpr std::array<const char*, 6> kGapNames = {"none", "acknowledged", "timeout", "distance", "room", "closed"};

// What is around the packet of a tunnel.
struct Encapsulation {
  LinkHeader inner_link;
  uint8_t tunnel_count = 0;
  std::array<Tunnel, kMaxTunnels> tunnels{};
};

// Where a direction of a flow was seen: of its latest packet.
struct Observation {
  LinkHeader link;
  PacketType packet_type = PacketType::kUnknown;
  // None outside of tunnels, as most packets are: flows are many.
  std::unique_ptr<Encapsulation> encapsulation;
};

// Bytes that one side sent in a row: of TCP in order and once, of UDP one datagram.
struct Segment {
  uint64_t flow_id;
  const FlowKey& key;
  // Which of the key's ends.
  uint8_t sender;
  uint8_t client;
  // The handshake was seen; else the client is the end with the higher port.
  bool is_role_known;
  // The direction has changed, or it is a datagram.
  bool starts_message;
  // Of the first byte; 0 for UDP.
  uint32_t sequence;
  // On the wire.
  uint64_t length;
  // The first bytes: up to the budget of the message, beyond that a few of each segment.
  std::span<const uint8_t> payload;
  // Of the packets with the first and the last byte.
  int64_t time_ns;
  int64_t last_time_ns;
  // Bytes of the sender that are missing before this.
  uint64_t gap_bytes;
  Gap gap;
  const Observation& observation;
};

enum class CloseType : uint8_t {
  // It goes on, or the capture ended before it.
  kOpen,
  // Both sides have sent FIN.
  kFinished,
  kClientReset,
  kServerReset,
  // RST in answer to SYN.
  kRefused,
  // SYN without an answer, or without the last ACK.
  kHandshakeTimeout,
  // One side has sent FIN, then there was nothing.
  kHalfClosed,
  kIdle,
  // There was no room for more flows.
  kEvicted,
  // The same ends began another connection.
  kReused,
};

inline constexpr std::array<const char*, 10> kCloseNames = {"open",    "finished",          "client_reset", "server_reset",
                                                            "refused", "handshake_timeout", "half_closed",  "idle",
                                                            "evicted", "reused"};

// Times that were measured in an interval.
struct Delay {
  uint32_t count = 0;
  int64_t sum_ns = 0;
  int64_t max_ns = 0;

  void add(int64_t time_ns) {
    if (time_ns < 0) return;
    count++;
    sum_ns += time_ns;
    if (time_ns > max_ns) max_ns = time_ns;
  }
};

// What one side sent in an interval.
struct SideCounters {
  uint64_t packets = 0;
  // Of whole frames on the wire, and of payload.
  uint64_t bytes = 0;
  uint64_t payload_bytes = 0;
  // Bytes sent again, or a FIN. Of these, spurious: what the other side had acknowledged already.
  uint32_t retransmissions = 0;
  uint32_t spurious_retransmissions = 0;
  uint32_t syn_retransmissions = 0;
  uint32_t out_of_order = 0;
  uint32_t duplicate_acks = 0;
  uint32_t zero_windows = 0;
  uint32_t resets = 0;
  // Packets that say other bytes than an earlier one of the same place; the first ones count.
  uint32_t conflicts = 0;
  // Bytes that were not captured.
  uint64_t missed_bytes = 0;
  // Time from data of the other side to its acknowledgment by this one.
  Delay acknowledgment;
};

struct FlowInterval {
  uint64_t flow_id;
  const FlowKey& key;
  uint8_t client;
  bool is_role_known;
  // Of the first and the last packet in it.
  int64_t start_ns;
  int64_t end_ns;
  // In the order of the key's ends.
  const std::array<SideCounters, 2>& sides;
  // SYN to SYN-ACK, which is the way to the server; SYN-ACK to ACK, which is that to the client. -1: not in this interval.
  int64_t server_handshake_ns;
  int64_t client_handshake_ns;
  // From the last data of the client to the first of the server, and the other way around.
  const Delay& response;
  const Delay& client_idle;
  // A handshake was completed in it.
  bool is_opened;
  // It is not closed at its end.
  bool is_open;
  // kOpen except in the last interval.
  CloseType close;
  // In the order of the key's ends.
  const std::array<Observation, 2>& observations;
};

class FlowSink {
 public:
  virtual ~FlowSink() = default;
  virtual void take(const Segment& segment) = 0;
  virtual void take(const FlowInterval& interval) = 0;
};

}  // namespace spanloom::packets
