// SPDX-License-Identifier: Apache-2.0
//
// PacketSegment and FlowInterval (schemas/avro/event-batch.avsc) in Avro's encoding, with what may not leave the host overwritten.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "block.h"
#include "flow-sink.h"
#include "redaction/redactor.h"

namespace spanloom::packets {

// Segments have ids that no socket event has: those count from below 2^52.
inline constexpr uint64_t kFirstSegmentId = uint64_t{1} << 52;

// As much as one EventBatch carries: at most 8,192 records, and little more than 1 MiB.
struct FlowBlock {
  Bytes segments;
  Bytes intervals;
  uint32_t segment_count = 0;
  uint32_t interval_count = 0;
  // The highest, also of earlier blocks; 0: none yet.
  uint64_t last_segment_id = 0;
  uint64_t last_flow_id = 0;
  // What all offsets count from, by the clock of the packets.
  int64_t base_ns = 0;
  // Everything up to then is in this block or an earlier one.
  int64_t until_ns = 0;

  int64_t until_offset_ns() const;
};

// Collects both, each one after the other.
class FlowEncoder : public FlowSink {
 public:
  // `redactor` may be null: payloads are sent as they are.
  explicit FlowEncoder(std::unique_ptr<Redactor> redactor) : redactor_(std::move(redactor)) {}

  // Segments have ids from this one on. Before the first of them.
  void number_from(uint64_t first_segment_id) { next_segment_id_ = first_segment_id; }

  void take(const Segment& segment) override;
  void take(const FlowInterval& interval) override;

  size_t full_blocks() const { return full_.size(); }
  // Records that are in no full block.
  uint32_t waiting() const { return block_.segment_count + block_.interval_count; }

  // Full blocks; with `is_all` also what is there beyond them. Everything up to `until_ns` was taken.
  std::vector<FlowBlock> take_blocks(int64_t until_ns, bool is_all);

 private:
  FlowBlock& block_for(int64_t time_ns);
  int64_t offset(int64_t time_ns) const;
  void finish_block();
  size_t redact(const Segment& segment);

  const std::unique_ptr<Redactor> redactor_;
  std::vector<FlowBlock> full_;
  FlowBlock block_;
  uint64_t next_segment_id_ = kFirstSegmentId + 1;
  uint64_t last_segment_id_ = 0;
  uint64_t last_flow_id_ = 0;
  int64_t until_ns_ = 0;
  size_t last_segments_bytes_ = 0;
  // Of the segment in hand.
  std::vector<uint8_t> payload_;
  std::vector<redaction::Range> redacted_;
};

}  // namespace spanloom::packets
