// SPDX-License-Identifier: Apache-2.0
#include "poller.h"

#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <chrono>

#include "encode.h"

namespace spanloom {
namespace {

constexpr size_t kMaxBlockEvents = 8192;
constexpr size_t kMaxBlockBytes = 1024 * 1024;
// As many make a block that costs little enough an event: they wait for no others.
constexpr size_t kBatchEvents = 1024;
// Records taken out of the ring buffer before what is due of them is handed over.
constexpr size_t kMaxStagedEvents = 4 * kMaxBlockEvents;
constexpr size_t kMaxStagedBytes = 8 * 1024 * 1024;
constexpr uint64_t kHeartbeatNs = 500'000'000;

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

Poller::Poller(const Options& options, KernelPrograms& programs, std::unique_ptr<Redactor> redactor, Deliver deliver)
    : options_(options),
      programs_(programs),
      redactor_(std::move(redactor)),
      deliver_(std::move(deliver)),
      until_ns_(monotonic_ns()),
      thread_([this] { run(); }) {}

Poller::~Poller() { stop(); }

void Poller::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Poller::acknowledge(uint32_t blocks) {
  const std::lock_guard lock(mutex_);
  unacknowledged_ -= std::min<uint64_t>(unacknowledged_, blocks);
}

uint64_t Poller::unacknowledged() {
  const std::lock_guard lock(mutex_);
  return unacknowledged_;
}

bool Poller::is_blocked() {
  const std::lock_guard lock(mutex_);
  return unacknowledged_ >= options_.max_unacknowledged_blocks && !is_stopping_;
}

// Sleeps for one interval; false when it is time to stop.
bool Poller::wait() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(options_.poll_interval_ms), [this] { return is_stopping_; });
  return !is_stopping_;
}

void Poller::run() {
  pthread_setname_np(pthread_self(), "spanloom-poll");
  while (wait())
    if (!is_blocked()) poll(monotonic_ns(), false);
  poll(monotonic_ns(), true);
}

// Events wait in the staging area for others, so that the stages get few large batches; the ring buffer does not fill.
bool Poller::is_batch_due(uint64_t now_ns) const {
  return staging_.events() >= kBatchEvents || now_ns >= last_batch_ns_ + uint64_t{options_.batch_interval_ms} * 1'000'000;
}

// All that the ring buffer held at `now_ns`, or as much as the receiver takes.
void Poller::poll(uint64_t now_ns, bool is_last) {
  const uint64_t window_ns = is_last ? 0 : uint64_t{options_.poll_interval_ms} * 1'000'000;
  bool is_drained = false;
  while (!is_drained && !is_blocked()) {
    is_drained = programs_.consume([this](const void* record, size_t size) {
      staging_.add(record, size);
      return staging_.events() < kMaxStagedEvents && staging_.bytes() < kMaxStagedBytes;
    });
    if (!is_drained || is_batch_due(now_ns)) {
      deliver_until((is_drained ? now_ns : std::min(now_ns, staging_.latest_ns())) - window_ns);
      last_batch_ns_ = now_ns;
    }
    // A burst within one window: order matters less than bounded memory.
    if (!is_drained && staging_.events() >= kMaxStagedEvents) deliver_until(staging_.latest_ns());
  }
  if (is_last) deliver_until(UINT64_MAX);
  if (is_last || now_ns >= last_block_ns_ + kHeartbeatNs) {
    auto heartbeat = std::make_unique<Block>();
    heartbeat->base_monotonic_ns = until_ns_;
    heartbeat->until_ns = until_ns_;
    hand_over(std::move(heartbeat));
  }
}

void Poller::deliver_until(uint64_t until_ns) {
  for (;;) {
    std::unique_ptr<Block> block = fill_block(until_ns);
    const bool is_full = block->event_count >= kMaxBlockEvents || block->events.size() >= kMaxBlockBytes;
    // More of the same time may follow a full block: it promises nothing beyond what the one before promised.
    if (!is_full && until_ns != UINT64_MAX) until_ns_ = std::max(until_ns_, until_ns);
    block->until_ns = until_ns_;
    if (block->event_count > 0) hand_over(std::move(block));
    if (!is_full) return;
  }
}

std::unique_ptr<Block> Poller::fill_block(uint64_t until_ns) {
  auto block = std::make_unique<Block>();
  block->base_monotonic_ns = until_ns_;
  // An encoded event is smaller than the record it was made of.
  if (!staging_.empty()) block->events.reserve(std::min(staging_.bytes(), kMaxBlockBytes));
  while (block->event_count < kMaxBlockEvents && block->events.size() < kMaxBlockBytes) {
    const size_t taken = staging_.take(until_ns, 64, [this, &block](const spanloom_event& event, uint8_t* payload) {
      // 0 is no process: the kernel ended the socket.
      if (event.process_id != 0) seen_.note(event, block->processes);
      const size_t sent = redact(event, payload);
      encode_event(event, {payload, sent, redacted_}, block->base_monotonic_ns, block->events);
      block->event_count++;
      block->last_event_id = std::max(block->last_event_id, uint64_t{event.id});
    });
    if (taken < 64) break;
  }
  return block;
}

// Overwrites what may not leave the host; returns how many bytes of the payload are sent.
size_t Poller::redact(const spanloom_event& event, uint8_t* payload) {
  redacted_.clear();
  if (redactor_ == nullptr) return event.payload_length;
  const spanloom_socket& socket = event.socket;
  if (event.kind == SPANLOOM_CLOSE) redactor_->forget(socket.socket_id);
  if (event.kind != SPANLOOM_DATA) return event.payload_length;
  SocketCall call{};
  call.socket_id = socket.socket_id;
  call.transport = static_cast<redaction::Transport>(socket.transport);
  call.role_is_known = socket.role != SPANLOOM_ROLE_UNKNOWN;
  call.local_is_client = socket.role == SPANLOOM_CLIENT;
  call.local_port = socket.local_port;
  call.remote_port = socket.remote_port;
  call.is_egress = event.direction == SPANLOOM_EGRESS;
  call.starts_message = event.message_id == event.id;
  call.tcp_sequence = event.tcp_sequence;
  call.length = event.length;
  return redactor_->redact(call, payload, event.payload_length, redacted_);
}

void Poller::take_losses(Losses& losses) {
  for (size_t reason = 0; reason < SPANLOOM_LOSSES; reason++) {
    const uint64_t now = programs_.state().losses[reason];
    losses[reason] = now - reported_losses_[reason];
    reported_losses_[reason] = now;
  }
  losses[kUndelivered] = undelivered_;
  undelivered_ = 0;
}

void Poller::hand_over(std::unique_ptr<Block> block) {
  take_losses(block->losses);
  last_block_ns_ = monotonic_ns();
  {
    const std::lock_guard lock(mutex_);
    unacknowledged_++;
  }
  const uint32_t events = block->event_count;
  const Losses losses = block->losses;
  if (deliver_(std::move(block))) return;
  acknowledge(1);
  // Told with the next block, as are the losses that this one would have told.
  undelivered_ += events + losses[kUndelivered];
  for (size_t reason = 0; reason < SPANLOOM_LOSSES; reason++) reported_losses_[reason] -= losses[reason];
}

}  // namespace spanloom
