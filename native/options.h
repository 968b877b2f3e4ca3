// SPDX-License-Identifier: Apache-2.0
//
// What a capture is started with: CaptureOptions of native/capture.ts, checked. The values below never hold: binding.cc
// sets every number, and the collector's come from its settings (collector/capture/config.ts).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "redaction/redactor.h"

namespace spanloom {

struct Options {
  std::string object_path;
  uint64_t first_event_id = 1;
  uint32_t payload_bytes = 512;
  uint32_t continuation_bytes = 32;
  uint32_t ring_bytes = 64 * 1024 * 1024;
  uint32_t max_sockets = 131072;
  uint32_t poll_interval_ms = 10;
  uint32_t batch_interval_ms = 0;
  uint32_t max_unacknowledged_blocks = 64;
  // Goroutines instead of threads, and who waits for their answers.
  bool read_goroutines = true;
  bool read_waiters = true;
  // Contexts of CPython instead of threads, and what created them, which takes a probe.
  bool read_python = true;
  bool probe_python = true;
  // Unix stream sockets, beside those of the internet.
  bool trace_unix = true;
  // Virtual threads of Java instead of threads.
  bool read_virtual_threads = true;
  // Which thread wakes which, after it has read an answer.
  bool read_wakes = true;
  // False only where the verifier refuses the programs for many datagrams of a call.
  bool split_datagrams = true;
  std::vector<uint32_t> excluded_process_ids;
  bool redact = true;
  RedactionOptions redaction;
};

}  // namespace spanloom
