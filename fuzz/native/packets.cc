// SPDX-License-Identifier: Apache-2.0
//
// Capture files, and the frames in them, under any bytes, for libFuzzer. The first byte says in what chunks they come.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  if (size < 1) return 0;
  const size_t chunk = input[0] == 0 ? size : input[0];
  CaptureFileReader file;
  PacketParser parser;
  for (size_t at = 1; at < size; at += chunk) {
    file.add({input + at, chunk < size - at ? chunk : size - at});
    for (CapturedPacket packet; file.next(packet);) {
      // Exactly as large as the frame, so that every byte read beyond it is seen.
      const std::unique_ptr<uint8_t[]> bytes(new uint8_t[packet.bytes.size()]);
      if (!packet.bytes.empty()) memcpy(bytes.get(), packet.bytes.data(), packet.bytes.size());
      hold(packet.bytes.size() <= packet.wire_length, "no more is captured than was on the wire");
      packet.bytes = {bytes.get(), packet.bytes.size()};
      parser.parse(packet, check);
    }
  }
  file.end();
  return 0;
}
