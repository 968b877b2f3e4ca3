// SPDX-License-Identifier: Apache-2.0
//
// Segments and flow intervals in Avro's encoding, all fields in the order of flow-sink.h. What reads them is
// native/packets/testing/flows.ts.
#pragma once

#include "block.h"
#include "flow-sink.h"

namespace spanloom::packets {

// Collects both, each one after the other.
class FlowEncoder : public FlowSink {
 public:
  void take(const Segment& segment) override;
  void take(const FlowInterval& interval) override;

  Bytes& segments() { return segments_; }
  Bytes& intervals() { return intervals_; }

 private:
  Bytes segments_;
  Bytes intervals_;
};

}  // namespace spanloom::packets
