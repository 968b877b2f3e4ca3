// SPDX-License-Identifier: Apache-2.0
//
// Follows flows of TCP and UDP: puts the bytes of TCP in order, up to the heads of messages, and counts. Time is that of packets;
// no clock is read. What is kept is bounded: flows by number (the one used longest ago gives way; a flood of SYNs only to
// itself), packets that wait for others by distance, time and bytes.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "flow-sink.h"
#include "flow-table.h"
#include "packet-parser.h"

namespace spanloom::packets {

struct FlowOptions {
  uint32_t max_flows = 100'000;
  // For hashing; one that senders of packets do not know.
  uint64_t seed = 0;
  uint64_t first_flow_id = 1;
  // Payload of a message, and beyond it of each segment.
  uint32_t message_bytes = 512;
  uint32_t continuation_bytes = 32;
  // For packets of all flows that wait for others.
  uint64_t max_held_bytes = 16 * 1024 * 1024;
  int64_t interval_ns = 10'000'000'000;
};

// How long what is waited for.
inline constexpr int64_t kOpeningTimeoutNs = 30'000'000'000;
inline constexpr int64_t kOpenTimeoutNs = 300'000'000'000;
inline constexpr int64_t kClosingTimeoutNs = 5'000'000'000;
inline constexpr int64_t kDatagramsTimeoutNs = 60'000'000'000;
inline constexpr int64_t kGapTimeoutNs = 200'000'000;
// A segment is sent when its sender pushes (PSH, as Linux does at the end of a write), or when it is so old.
inline constexpr int64_t kSegmentTimeoutNs = 100'000'000;
// Packets, not bytes: one packet may have 512 KiB (BIG TCP), and those of a whole window are reordered where a sender moves to
// another CPU.
inline constexpr size_t kMaxHeldPackets = 256;

struct FlowCounts {
  uint64_t flows = 0;
  // For want of room, and of them those that only had a SYN.
  uint64_t evicted = 0;
  uint64_t evicted_opening = 0;
  uint64_t segments = 0;
  uint64_t intervals = 0;
  // Packets of no flow: ICMP.
  uint64_t without_flow = 0;
  // Gaps by reason, and their bytes.
  std::array<uint64_t, kGapNames.size()> gaps{};
  uint64_t missed_bytes = 0;
};

class FlowTracker {
 public:
  FlowTracker(const FlowOptions& options, FlowSink& sink);

  void packet(const ParsedPacket& packet);
  // Sends what is due at a time, also without packets. A time before that of an earlier packet changes nothing.
  void advance(int64_t now_ns);
  // Ids of flows count up from this one. Before the first packet.
  void number_from(uint64_t first_flow_id) { next_flow_id_ = first_flow_id; }
  // Up to when everything was sent at `now_ns`. What waits behind several gaps one after the other comes late.
  int64_t sent_until_ns(int64_t now_ns) const {
    const bool is_waiting = pending_.size() > 0 || held_.size() > 0;
    return is_waiting ? now_ns - kGapTimeoutNs - kSegmentTimeoutNs : now_ns;
  }
  // The latest time that it was told.
  int64_t now_ns() const { return now_ns_; }
  // Sends all that there is: the capture has ended.
  void finish();

  const FlowCounts& counts() const { return counts_; }
  uint32_t open_flows() const { return table_.size(); }
  uint64_t held_bytes() const { return held_bytes_; }

 private:
  // A packet of TCP of a flow.
  struct Arrival {
    const ParsedPacket& packet;
    const TcpHeader& tcp;
    uint8_t sender;
    // Of the first byte of payload.
    uint32_t data_at;
    uint32_t length;
    // One behind the last number that it takes, with SYN and FIN.
    uint32_t end;
    std::span<const uint8_t> bytes;

    bool has(uint16_t flags) const { return (tcp.flags & flags) != 0; }
  };

  // Bytes of a stream, of which the first were captured.
  struct Piece {
    uint32_t sequence;
    uint32_t length;
    int64_t time_ns;
    // A segment ends with it.
    bool pushes;
    std::span<const uint8_t> bytes;

    uint32_t end() const { return sequence + length; }
    // What lies between two numbers within it.
    Piece part(uint32_t from, uint32_t to) const;
  };

  // flow-tracker.cc
  uint32_t flow_of(const ParsedPacket& packet, const FlowPlace& place);
  bool begins_anew(const Flow& flow, const TcpHeader& tcp, uint8_t sender) const;
  uint32_t open(const ParsedPacket& packet, const FlowPlace& place);
  void evict();
  void close(uint32_t index, CloseType type);
  void remove(uint32_t index);
  void close_idle(Phase phase, int64_t timeout_ns, int64_t now_ns);
  CloseType idle_close(const Flow& flow) const;
  void observe(uint32_t index, const ParsedPacket& packet, uint8_t sender);
  void report(uint32_t index, bool is_last);
  void datagram(uint32_t index, const ParsedPacket& packet, uint8_t sender);
  void turn(Flow& flow, uint8_t sender, int64_t time_ns);
  void move_to(uint32_t index, Phase phase);

  // flow-tcp.cc
  void tcp(uint32_t index, const ParsedPacket& packet, uint8_t sender);
  void handshake(uint32_t index, const Arrival& arrival);
  void pick_up(Flow& flow, const Arrival& arrival);
  bool is_keep_alive(const Stream& stream, const Arrival& arrival) const;
  void count_repeated(Flow& flow, const Arrival& arrival);
  void acknowledgment(uint32_t index, const Arrival& arrival);
  bool is_duplicate_ack(const Flow& flow, const Arrival& arrival) const;
  bool fills_hole(const Stream& stream, const Arrival& arrival) const;
  void establish(uint32_t index, int64_t time_ns);
  void reset(uint32_t index, const Arrival& arrival);
  void fin(uint32_t index, const Arrival& arrival);

  // flow-delivery.cc
  void data(uint32_t index, const Arrival& arrival);
  void hold(uint32_t index, uint8_t sender, const Piece& piece);
  void insert(Stream& stream, const Piece& piece);
  void bound_held(uint32_t index, uint8_t sender);
  void deliver(uint32_t index, uint8_t sender, const Piece& piece);
  void drain(uint32_t index, uint8_t sender);
  void give_up(uint32_t index, uint8_t sender, uint32_t up_to, Gap reason);
  void give_up_all(uint32_t index, Gap reason);
  void give_up_held(uint32_t index, uint8_t sender, Gap reason);
  void acknowledged_up_to(uint32_t index, uint8_t sender, uint32_t number);
  void send_pending(uint32_t index);
  void update_held(uint32_t index);

  using IdleQueue = FlowQueue<&Flow::idle_link>;

  const FlowOptions options_;
  FlowSink& sink_;
  FlowTable table_;
  // By phase.
  std::array<IdleQueue, 4> idle_;
  FlowQueue<&Flow::interval_link> intervals_;
  FlowQueue<&Flow::held_link> held_;
  FlowQueue<&Flow::pending_link> pending_;
  uint64_t next_flow_id_;
  uint64_t held_bytes_ = 0;
  int64_t now_ns_ = 0;
  FlowCounts counts_;
};

}  // namespace spanloom::packets
