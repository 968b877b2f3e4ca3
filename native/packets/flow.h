// SPDX-License-Identifier: Apache-2.0
//
// The state of one flow.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "flow-key.h"
#include "flow-sink.h"

namespace spanloom::packets {

// TCP's numbers wrap around: what lies less than 2^31 ahead is later.
inline bool is_before(uint32_t left, uint32_t right) { return static_cast<int32_t>(left - right) < 0; }

// No window is larger (RFC 7323): numbers further apart are not of the same connection.
inline constexpr uint32_t kMaxWindow = 1 << 30;

inline constexpr uint32_t kNoFlow = UINT32_MAX;

// A flow's place in a queue; see flow-table.h.
struct QueueLink {
  uint32_t previous = kNoFlow;
  uint32_t next = kNoFlow;
  int64_t since_ns = INT64_MIN;

  bool is_queued() const { return since_ns != INT64_MIN; }
};

// A packet that waits for one before it.
struct HeldPacket {
  uint32_t sequence = 0;
  uint32_t length = 0;
  int64_t time_ns = 0;
  bool pushes = false;
  // Of what was captured as much as a message may send.
  std::vector<uint8_t> bytes;
};

// What one side of a TCP connection sent.
struct Stream {
  // `next` and `highest` are known: by a SYN, by data, or by an acknowledgment of the other side.
  bool is_known = false;
  bool has_initial = false;
  bool is_syn_acknowledged = false;
  bool has_fin = false;
  bool has_acknowledged = false;
  bool sent_keep_alive = false;
  bool had_ack_with_syn = false;
  uint16_t window = 0;
  uint32_t initial = 0;
  // The next byte to deliver; one behind the last byte seen, and when that was seen.
  uint32_t next = 0;
  uint32_t highest = 0;
  int64_t highest_ns = 0;
  uint32_t fin_at = 0;
  // The last acknowledgment that this side sent.
  uint32_t acknowledged = 0;
  // Bytes given up last: what of them comes late was reordered.
  uint32_t lost_from = 0;
  uint32_t lost_to = 0;
  // Data whose acknowledgment is awaited.
  bool has_sample = false;
  uint32_t sample_end = 0;
  int64_t sample_ns = 0;
  int64_t syn_ns = 0;
  int64_t last_data_ns = 0;
  // Missing before the next segment.
  uint64_t gap_bytes = 0;
  Gap gap = Gap::kNone;
  int64_t held_since_ns = 0;
  // In ascending order, without overlaps, all behind `next`.
  std::vector<HeldPacket> held;
};

enum class Phase : uint8_t { kOpening, kOpen, kClosing, kDatagrams };

// Bytes that were delivered and not yet sent as a segment; then, until they are acknowledged, what the segment sent last had
// of payload.
struct PendingSegment {
  bool is_pending = false;
  bool starts_message = false;
  uint8_t sender = 0;
  Gap gap = Gap::kNone;
  uint32_t sequence = 0;
  uint32_t budget = 0;
  uint64_t length = 0;
  uint64_t gap_bytes = 0;
  int64_t time_ns = 0;
  int64_t last_time_ns = 0;
  std::vector<uint8_t> payload;
};

struct Flow {
  static constexpr uint8_t kNobody = 2;

  uint64_t id = 0;
  uint64_t hash = 0;
  FlowKey key;
  Phase phase = Phase::kOpening;
  CloseType close = CloseType::kOpen;
  uint8_t client = 0;
  bool is_role_known = false;
  bool is_established = false;
  bool has_counts = false;
  // Who sent data last, and how much of that message was sent as payload.
  uint8_t last_sender = kNobody;
  uint32_t message_bytes = 0;
  std::array<Stream, 2> streams;
  std::array<Observation, 2> observations;
  PendingSegment pending;
  // Both halves of the handshake; -1: not known.
  int64_t server_handshake_ns = -1;
  int64_t client_handshake_ns = -1;
  int64_t syn_ack_ns = -1;
  // Of the interval.
  int64_t start_ns = 0;
  int64_t end_ns = 0;
  std::array<SideCounters, 2> sides;
  Delay response;
  Delay client_idle;
  bool is_opened = false;
  bool reports_server_handshake = false;
  bool reports_client_handshake = false;

  QueueLink idle_link;
  QueueLink interval_link;
  QueueLink held_link;
  QueueLink pending_link;
};

}  // namespace spanloom::packets
