// SPDX-License-Identifier: Apache-2.0
//
// The thread that drains the ring buffer on a timer and makes blocks of what it finds.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "block.h"
#include "kernel-programs.h"
#include "options.h"
#include "redaction/redactor.h"
#include "seen-processes.h"
#include "staging.h"

namespace spanloom {

class Poller {
 public:
  // False when the block could not be handed on: it counts as lost, and against nothing.
  using Deliver = std::function<bool(std::unique_ptr<Block>)>;

  // `programs` must outlive the poller. `redactor` may be null. `deliver` is called on the poller's thread.
  Poller(const Options& options, KernelPrograms& programs, std::unique_ptr<Redactor> redactor, Deliver deliver);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // Blocks that were delivered are done with: more may come.
  void acknowledge(uint32_t blocks);
  // Blocks that were delivered and are not acknowledged yet.
  uint64_t unacknowledged();

  // Delivers everything that is left, whatever is unacknowledged, and ends the thread. The programs must be detached.
  void stop();

 private:
  void run();
  bool wait();
  void poll(uint64_t now_ns, bool is_last);
  void deliver_until(uint64_t until_ns);
  std::unique_ptr<Block> fill_block(uint64_t until_ns);
  size_t redact(const spanloom_event& event, uint8_t* payload);
  void hand_over(std::unique_ptr<Block> block);
  void take_losses(Losses& losses);
  bool is_blocked();
  bool is_batch_due(uint64_t now_ns) const;

  const Options options_;
  KernelPrograms& programs_;
  const std::unique_ptr<Redactor> redactor_;
  const Deliver deliver_;

  Staging staging_;
  SeenProcesses seen_;
  Losses reported_losses_{};
  // Events of blocks that could not be handed on, not reported yet.
  uint64_t undelivered_ = 0;
  // Of the event in hand.
  std::vector<redaction::Range> redacted_;
  uint64_t until_ns_ = 0;
  uint64_t last_block_ns_ = 0;
  uint64_t last_batch_ns_ = 0;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  uint64_t unacknowledged_ = 0;
  std::thread thread_;
};

}  // namespace spanloom
