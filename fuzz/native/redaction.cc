// SPDX-License-Identifier: Apache-2.0
//
// Redaction under any bytes, for libFuzzer; the framing is that of fuzz/conversation.ts.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "generated/protocols.h"
#include "redactor.h"

namespace {

void hold(bool condition, const char* what) {
  if (condition) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

// Ascending, apart, within what was captured; everything else as it was.
void check(const uint8_t* before, const uint8_t* after, size_t captured, size_t sent,
           const std::vector<spanloom::redaction::Range>& ranges) {
  hold(sent <= captured, "no more is sent than was captured");
  std::vector<bool> covered(captured, false);
  size_t end = 0;
  for (const auto& range : ranges) {
    hold(range.length > 0 && range.offset >= end && range.offset + size_t{range.length} <= captured, "ranges ascend");
    end = range.offset + size_t{range.length};
    for (size_t at = range.offset; at < end; at++) covered[at] = true;
  }
  for (size_t at = 0; at < sent; at++)
    hold(covered[at] ? after[at] == '*' : after[at] == before[at], "what is sent is covered or unchanged");
  if (sent < captured)
    hold(!ranges.empty() && ranges.back().offset == sent && end == captured, "what is held back is told");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  static uint64_t socket_id = 0;
  static const auto redactor_of = [](bool covers_values) {
    std::string error;
    spanloom::RedactionOptions options;
    options.names.whole = {covers_values, covers_values, covers_values, covers_values};
    return spanloom::Redactor::create(options, error);
  };
  static const auto usual = redactor_of(false);
  static const auto covering_values = redactor_of(true);
  if (size < 2) return 0;
  const bool is_servers = (input[1] & 4) != 0;
  const auto& redactor = (input[1] & 8) != 0 ? covering_values : usual;
  spanloom::SocketCall call{};
  call.socket_id = ++socket_id;
  call.transport = (input[1] & 2) == 0 ? spanloom::redaction::Transport::kTcp : spanloom::redaction::Transport::kUdp;
  call.role_is_known = (input[1] & 1) != 0;
  call.local_is_client = !is_servers;
  const uint16_t port = spanloom::redaction::kServerPorts[input[0] % spanloom::redaction::kServerPorts.size()];
  call.local_port = is_servers ? port : 40000;
  call.remote_port = is_servers ? 40000 : port;
  uint32_t sequences[2] = {1, 0xfffffff0};
  int last = -1;
  for (size_t at = 2; at + 3 <= size;) {
    const int sender = input[at] & 1;
    // Some calls moved more than was captured, and some bytes were missed before them.
    const uint32_t missed = (input[at] & 6) == 6 ? 100 : 0;
    const size_t wanted = input[at + 1] | input[at + 2] << 8;
    at += 3;
    const size_t captured = wanted < size - at ? wanted : size - at;
    call.is_egress = (sender == 0) != is_servers;
    call.starts_message = sender != last || call.transport == spanloom::redaction::Transport::kUdp;
    last = sender;
    call.length = captured + ((input[at - 3] & 8) != 0 ? 50 : 0);
    sequences[sender] += missed;
    call.tcp_sequence = sequences[sender];
    sequences[sender] += static_cast<uint32_t>(call.length);
    // Exactly as large as the payload, so that every byte read beyond it is seen.
    uint8_t* bytes = static_cast<uint8_t*>(malloc(captured == 0 ? 1 : captured));
    memcpy(bytes, input + at, captured);
    std::vector<spanloom::redaction::Range> ranges;
    const size_t sent = redactor->redact(call, bytes, captured, ranges);
    check(input + at, bytes, captured, sent, ranges);
    free(bytes);
    at += captured;
  }
  redactor->forget(call.socket_id);
  return 0;
}
