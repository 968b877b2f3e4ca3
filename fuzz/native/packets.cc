// SPDX-License-Identifier: Apache-2.0
//
// Capture files, the frames in them and their flows, under any bytes, for libFuzzer. The first byte says in what chunks the
// file comes.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "packets/flow-tracker.h"
#include "packets/packet-parser.h"

namespace {

using namespace spanloom::packets;

void hold(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

void check(const ParsedPacket& packet) {
  const Frame& frame = packet.frame;
  hold(frame.payload_captured <= frame.payload_length, "no more is captured than there is");
  hold(size_t{frame.payload_at} + frame.payload_captured <= packet.bytes.size(), "the payload is within the frame");
  hold(frame.tunnel_count <= kMaxTunnels, "tunnels are bounded");
}

class Sink : public FlowSink {
 public:
  void take(const Segment& segment) override {
    hold(segment.payload.size() <= 64 && segment.payload.size() <= segment.length, "payload is bounded");
    hold((segment.gap == Gap::kNone) == (segment.gap_bytes == 0), "a gap has bytes");
    sum_ = sum_ + segment.payload.size();
    for (const uint8_t byte : segment.payload) sum_ = sum_ + byte;
  }
  void take(const FlowInterval& interval) override {
    hold(interval.sides[0].packets + interval.sides[1].packets > 0 || interval.close != CloseType::kOpen || interval.is_open,
         "an interval has packets, or is the last");
  }

 private:
  // Every byte is read.
  volatile uint64_t sum_ = 0;
};

// Small, so that all bounds are met.
FlowOptions options() {
  FlowOptions options;
  options.max_flows = 4;
  options.message_bytes = 64;
  options.continuation_bytes = 8;
  options.max_held_bytes = 2048;
  return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  if (size < 1) return 0;
  const size_t chunk = input[0] == 0 ? size : input[0];
  CaptureFileReader file;
  PacketParser parser;
  Sink sink;
  FlowTracker flows(options(), sink);
  for (size_t at = 1; at < size; at += chunk) {
    file.add({input + at, chunk < size - at ? chunk : size - at});
    for (CapturedPacket packet; file.next(packet);) {
      // Exactly as large as the frame, so that every byte read beyond it is seen.
      const std::unique_ptr<uint8_t[]> bytes(new uint8_t[packet.bytes.size()]);
      if (!packet.bytes.empty()) memcpy(bytes.get(), packet.bytes.data(), packet.bytes.size());
      hold(packet.bytes.size() <= packet.wire_length, "no more is captured than was on the wire");
      packet.bytes = {bytes.get(), packet.bytes.size()};
      parser.parse(packet, [&flows](const ParsedPacket& parsed) {
        check(parsed);
        flows.packet(parsed);
        hold(flows.open_flows() <= 4 && flows.held_bytes() <= 2048, "what is kept is bounded");
      });
    }
  }
  file.end();
  flows.finish();
  hold(flows.open_flows() == 0 && flows.held_bytes() == 0, "nothing is left");
  return 0;
}
