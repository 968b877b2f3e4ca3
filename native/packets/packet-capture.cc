// SPDX-License-Identifier: Apache-2.0
#include "packet-capture.h"

#include <fnmatch.h>
#include <linux/if_arp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

#include <algorithm>

namespace spanloom::packets {
namespace {

constexpr int64_t kMs = 1'000'000;
// Between two readings of the facts of interfaces; after a change at most so long.
constexpr int64_t kRefreshNs = 10'000 * kMs;
constexpr int64_t kChangeNs = 100 * kMs;
constexpr int64_t kHeartbeatNs = 500 * kMs;
// Reading what the kernel counts takes calls for each ring.
constexpr int64_t kProgressNs = 100 * kMs;
// A packet may be as old when it is read first: the kernel's timer and ours.
constexpr int64_t kRingLagNs = 4 * kRetireMs * kMs;
// As many make a block that costs little enough a record.
constexpr uint32_t kBatchRecords = 1024;
// Between two rounds, unless a ring is half full: waking up for each of its blocks costs a busy host more than reading them.
constexpr int kRestMs = 5;
constexpr uint32_t kSmallRingPart = 16;
constexpr size_t kMaxRings = 1024;
constexpr int kFirstReadings = 10;

// https://www.tcpdump.org/linktypes.html
constexpr uint16_t kEthernet = 1;
constexpr uint16_t kRawIp = 101;

int64_t clock_ns(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::optional<uint16_t> link_type_of(uint16_t hardware) {
  switch (hardware) {
    case ARPHRD_ETHER:
    case ARPHRD_LOOPBACK:
      return kEthernet;
    case ARPHRD_NONE:
    case ARPHRD_RAWIP:
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
      return kRawIp;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::unique_ptr<PacketCapture> PacketCapture::start(const PacketCaptureOptions& options, std::unique_ptr<Redactor> redactor,
                                                    Deliver deliver, std::string& error) {
  Filters filters;
  for (const uint16_t link_type : {kEthernet, kRawIp}) {
    filters[link_type] = make_filter(options.filter, link_type, error);
    if (!error.empty()) return nullptr;
  }
  const Descriptor allowed(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!allowed.is_open()) {
    error = "This process may not capture packets: give it CAP_NET_RAW, or run it as root.";
    return nullptr;
  }
  std::unique_ptr<PacketCapture> capture(
      new PacketCapture(options, std::move(filters), std::move(redactor), std::move(deliver)));
  // On a thread of its own, because it enters other namespaces; the caller waits until rings are there.
  std::thread([&] { capture->refresh(); }).join();
  capture->thread_ = std::thread([self = capture.get()] { self->run(); });
  return capture;
}

PacketCapture::PacketCapture(const PacketCaptureOptions& options, Filters filters, std::unique_ptr<Redactor> redactor,
                             Deliver deliver)
    : options_(options),
      filters_(std::move(filters)),
      deliver_(std::move(deliver)),
      home_(NetworkNamespace::own()),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      encoder_(std::move(redactor)),
      tracker_(options.flows, encoder_),
      until_ns_(clock_ns(CLOCK_MONOTONIC)) {
  encoder_.number_from(options.first_segment_id);
}

PacketCapture::~PacketCapture() { stop(); }

void PacketCapture::stop() {
  const std::lock_guard only(stopping_);
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  eventfd_write(wake_.number(), 1);
  if (thread_.joinable()) thread_.join();
}

void PacketCapture::acknowledge(uint32_t blocks) {
  {
    const std::lock_guard lock(mutex_);
    unacknowledged_ -= std::min<uint64_t>(unacknowledged_, blocks);
  }
  eventfd_write(wake_.number(), 1);
}

void PacketCapture::lose(uint64_t records) {
  const std::lock_guard lock(mutex_);
  undelivered_ += records;
}

PacketProgress PacketCapture::progress() {
  const std::lock_guard lock(mutex_);
  PacketProgress now = progress_;
  now.unacknowledged_blocks = unacknowledged_;
  return now;
}

bool PacketCapture::is_blocked() {
  const std::lock_guard lock(mutex_);
  return unacknowledged_ >= options_.max_unacknowledged_blocks && !is_stopping_;
}

bool PacketCapture::is_stopping() {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

void PacketCapture::run() {
  pthread_setname_np(pthread_self(), "spanloom-packet");
  // The first reading counts until a better one: of several one is good.
  for (int reading = 0; reading < kFirstReadings; reading++) read_clocks();
  while (!is_stopping()) {
    wait();
    const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
    const bool is_due = now_ns - refreshed_ns_ >= kRefreshNs || (is_changed_ && now_ns - refreshed_ns_ >= kChangeNs);
    if (is_due) refresh();
    if (!is_blocked()) read_rings();
    if (now_ns - progress_ns_ >= kProgressNs) update_progress();
    deliver_due(false);
  }
  // What came up to now is in blocks that the kernel hands over within this time; what comes later is not captured.
  std::vector<uint64_t> passed;
  for (const auto& ring : rings_) {
    ring->update();
    passed.push_back(ring->passed());
  }
  const int64_t end_ns = clock_ns(CLOCK_MONOTONIC) + kRingLagNs;
  const auto is_read = [&passed, this] {
    for (size_t index = 0; index < rings_.size(); index++)
      if (rings_[index]->dropped() + rings_[index]->read() < passed[index]) return false;
    return true;
  };
  for (read_rings(); !is_read() && clock_ns(CLOCK_MONOTONIC) < end_ns; read_rings()) poll(nullptr, 0, 10);
  while (!rings_.empty()) {
    close_ring(rings_.size() - 1, passed.back());
    passed.pop_back();
  }
  tracker_.finish();
  update_progress();
  deliver_due(true);
}

void PacketCapture::wait() {
  pollfd wake{wake_.number(), POLLIN, 0};
  if (has_read_ && !is_pressed_) poll(&wake, 1, kRestMs);
  std::vector<pollfd> waiting{wake};
  for (const auto& [name, watched] : watched_)
    if (watched.changes != nullptr) waiting.push_back({watched.changes->descriptor(), POLLIN, 0});
  const size_t first_ring = waiting.size();
  // A ring that nobody may read would wake us at once.
  if (!is_blocked())
    for (const auto& ring : rings_) waiting.push_back({ring->descriptor(), POLLIN, 0});
  poll(waiting.data(), waiting.size(), static_cast<int>(std::max<uint32_t>(options_.batch_interval_ms, 10)));
  // So would one whose interface went down, until its error is read.
  for (size_t index = first_ring; index < waiting.size(); index++)
    if ((waiting[index].revents & POLLERR) != 0) rings_[index - first_ring]->update();
  eventfd_t count = 0;
  eventfd_read(wake_.number(), &count);
  for (const auto& [name, watched] : watched_)
    if (watched.changes != nullptr && watched.changes->drain()) is_changed_ = true;
}

// Opens those that are there now; one of another inode has replaced a former one. One that cannot be opened for want of file
// descriptors is still watched.
void PacketCapture::watch_namespaces() {
  std::vector<std::string> names = options_.namespaces;
  names.emplace_back("");
  for (const std::string& name : names) {
    NetworkNamespace now = name.empty() ? NetworkNamespace::own() : NetworkNamespace::open(name);
    if (!now.is_open()) {
      problems_.push_back("The network namespace '" + name + "' does not exist, or may not be opened.");
      if (!name.empty() && !NetworkNamespace::exists(name)) watched_.erase(name);
      continue;
    }
    const auto found = watched_.find(name);
    if (found != watched_.end() && found->second.network_namespace.inode() == now.inode() && found->second.changes->is_open())
      continue;
    Watched watched{std::move(now), nullptr};
    const bool is_entered = watched.network_namespace.visit(home_, [&watched] {
      watched.changes = std::make_unique<Netlink>(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
    });
    if (is_entered) watched_.insert_or_assign(name, std::move(watched));
    else problems_.push_back("The network namespace '" + name + "' may not be entered: that takes CAP_SYS_ADMIN.");
  }
}

bool PacketCapture::is_chosen(const NetworkInterface& interface) const {
  if (!interface.is_up) return false;
  if (options_.interfaces.empty())
    return interface.kind != InterfaceKind::kLoopback && interface.kind != InterfaceKind::kBridge &&
           interface.kind != InterfaceKind::kTunnel;
  return std::any_of(options_.interfaces.begin(), options_.interfaces.end(), [&interface](const std::string& pattern) {
    return fnmatch(pattern.c_str(), interface.name.c_str(), 0) == 0;
  });
}

bool PacketCapture::is_captured(const InterfaceId& id) const {
  return std::any_of(rings_.begin(), rings_.end(), [&id](const auto& ring) { return ring->interface() == id; });
}

void PacketCapture::refresh() {
  problems_.clear();
  is_changed_ = false;
  watch_namespaces();
  std::vector<const NetworkNamespace*> namespaces;
  for (const auto& [name, watched] : watched_) {
    const uint32_t inode = watched.network_namespace.inode();
    const bool is_known = std::any_of(namespaces.begin(), namespaces.end(),
                                      [inode](const NetworkNamespace* other) { return other->inode() == inode; });
    if (!is_known) namespaces.push_back(&watched.network_namespace);
  }
  std::vector<NetworkInterface> now = interface_reader_.read(home_, namespaces);
  problems_.insert(problems_.end(), interface_reader_.problems().begin(), interface_reader_.problems().end());
  for (size_t index = rings_.size(); index-- > 0;) {
    const InterfaceId id = rings_[index]->interface();
    const auto found = std::find_if(now.begin(), now.end(), [&id](const NetworkInterface& each) { return each.id == id; });
    if (found == now.end() || !is_chosen(*found)) close_ring(index, UINT64_MAX);
  }
  for (const NetworkInterface& interface : now)
    if (is_chosen(interface) && !is_captured(interface.id)) open_ring(interface);
  refreshed_ns_ = clock_ns(CLOCK_MONOTONIC);
  has_news_ = has_news_ || now != interfaces_ || refreshed_ns_ - told_ns_ >= kRefreshNs;
  interfaces_ = std::move(now);
  captured_.clear();
  for (const NetworkInterface& interface : interfaces_)
    if (is_captured(interface.id)) captured_.push_back(interface.name);
  update_progress();
}

void PacketCapture::open_ring(const NetworkInterface& interface) {
  const std::optional<uint16_t> link_type = link_type_of(interface.hardware);
  if (!link_type.has_value() || rings_.size() == kMaxRings) {
    problems_.push_back("The interface '" + interface.name + "' is not captured: " +
                        (link_type.has_value() ? "there are too many." : "its kind of frames is not known."));
    return;
  }
  const bool is_small = interface.kind == InterfaceKind::kVirtualPair || interface.kind == InterfaceKind::kTap;
  const uint32_t bytes = is_small ? options_.ring_bytes / kSmallRingPart : options_.ring_bytes;
  std::string error;
  for (const auto& [name, watched] : watched_) {
    if (watched.network_namespace.inode() != interface.id.network_namespace) continue;
    std::unique_ptr<PacketRing> ring;
    watched.network_namespace.visit(home_, [&] {
      ring = PacketRing::open(interface.id, *link_type, bytes, filters_.at(*link_type), error);
    });
    if (ring != nullptr) rings_.push_back(std::move(ring));
    else problems_.push_back("The interface '" + interface.name + "' is not captured: " + error);
    return;
  }
}

// What is left in it that the kernel has not handed over is lost, of the first `passed` packets.
void PacketCapture::close_ring(size_t index, uint64_t passed) {
  PacketRing& ring = *rings_[index];
  while (ring.next_block_ns() != INT64_MAX) read_block(ring);
  ring.update();
  passed = std::min(passed, ring.passed());
  const uint64_t left = passed - std::min(passed, ring.dropped() + ring.read());
  closed_received_ += ring.read();
  closed_read_ += ring.read();
  closed_dropped_ += ring.dropped() + left;
  rings_.erase(rings_.begin() + static_cast<ptrdiff_t>(index));
}

PacketRing* PacketCapture::earliest() const {
  PacketRing* first = nullptr;
  int64_t first_ns = INT64_MAX;
  for (const auto& ring : rings_) {
    const int64_t time_ns = ring->next_block_ns();
    if (time_ns >= first_ns) continue;
    first_ns = time_ns;
    first = ring.get();
  }
  return first;
}

// Returns CLOCK_MONOTONIC.
int64_t PacketCapture::read_clocks() {
  const int64_t before_ns = clock_ns(CLOCK_MONOTONIC);
  const int64_t wall_ns = clock_ns(CLOCK_REALTIME);
  const int64_t after_ns = clock_ns(CLOCK_MONOTONIC);
  clock_offset_.observe(before_ns, wall_ns, after_ns);
  return after_ns;
}

// Flows have times of CLOCK_MONOTONIC: the wall clock, by which the kernel stamps packets, may be set at any time.
void PacketCapture::read_block(PacketRing& ring) {
  const int64_t now_ns = read_clocks();
  const int64_t ahead_ns = clock_offset_.ahead_ns();
  ring.read_block([&](CapturedPacket packet) {
    packet.time_ns = std::min(packet.time_ns - ahead_ns, now_ns);
    parser_.parse(packet, [this](const ParsedPacket& parsed) { tracker_.packet(parsed); });
  });
}

// Block by block in the order of their time, so that time hardly goes back for flows.
void PacketCapture::read_rings() {
  const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  has_read_ = is_pressed_ = false;
  for (const auto& ring : rings_) is_pressed_ |= ring->is_half_full();
  for (PacketRing* ring = earliest(); ring != nullptr && !is_blocked(); ring = earliest()) {
    has_read_ = true;
    read_block(*ring);
    if (encoder_.full_blocks() > 0)
      for (FlowBlock& block : encoder_.take_blocks(until_ns_, false)) hand_over(std::move(block));
  }
  if (!is_blocked()) tracker_.advance(now_ns - kRingLagNs);
}

void PacketCapture::deliver_due(bool is_last) {
  const int64_t now_ns = clock_ns(CLOCK_MONOTONIC);
  const bool is_due = now_ns - batch_ns_ >= int64_t{options_.batch_interval_ms} * kMs;
  if (!is_last && (is_blocked() || !(is_due || encoder_.waiting() >= kBatchRecords))) return;
  batch_ns_ = now_ns;
  until_ns_ = std::max(until_ns_, is_last ? now_ns : tracker_.sent_until_ns(now_ns - kRingLagNs));
  for (FlowBlock& block : encoder_.take_blocks(until_ns_, true)) hand_over(std::move(block));
  if (!is_last && !has_news_ && now_ns - block_ns_ < kHeartbeatNs) return;
  FlowBlock heartbeat;
  heartbeat.base_ns = heartbeat.until_ns = until_ns_;
  hand_over(std::move(heartbeat));
}

void PacketCapture::hand_over(FlowBlock flows) {
  auto block = std::make_unique<PacketBlock>();
  block->flows = std::move(flows);
  block_ns_ = clock_ns(CLOCK_MONOTONIC);
  if (has_news_) {
    block->interfaces = interfaces_;
    told_ns_ = block_ns_;
    has_news_ = false;
  }
  {
    const std::lock_guard lock(mutex_);
    block->packets_dropped = progress_.dropped - reported_dropped_;
    reported_dropped_ = progress_.dropped;
    block->undelivered = std::exchange(undelivered_, 0);
    unacknowledged_++;
  }
  deliver_(std::move(block));
}

void PacketCapture::update_progress() {
  progress_ns_ = clock_ns(CLOCK_MONOTONIC);
  PacketProgress now;
  now.received = closed_received_;
  now.dropped = closed_dropped_;
  now.read = closed_read_;
  for (const auto& ring : rings_) {
    ring->update();
    now.received += std::max(ring->passed() - std::min(ring->passed(), ring->dropped()), ring->read());
    now.dropped += ring->dropped();
    now.read += ring->read();
  }
  now.captured = captured_;
  now.problems = problems_;
  now.frames = parser_.counts();
  now.fragments = parser_.fragments();
  now.flows = tracker_.counts();
  now.open_flows = tracker_.open_flows();
  now.held_bytes = tracker_.held_bytes();
  const std::lock_guard lock(mutex_);
  progress_ = std::move(now);
}

}  // namespace spanloom::packets
