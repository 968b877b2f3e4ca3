// SPDX-License-Identifier: Apache-2.0
//
// The thread that reads the rings of all chosen interfaces, follows flows and hands over blocks. Interfaces that come and go are
// followed. When the receiver takes no more blocks, rings fill, and the kernel counts what it drops.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "clock-offset.h"
#include "descriptor.h"
#include "encode-flow.h"
#include "flow-tracker.h"
#include "interface-reader.h"
#include "netlink.h"
#include "network-interfaces.h"
#include "network-namespace.h"
#include "packet-filter.h"
#include "packet-parser.h"
#include "packet-ring.h"

namespace spanloom::packets {

struct PacketCaptureOptions {
  // Patterns of names, as of files; empty: all but loopback interfaces, bridges and tunnels, which carry what others do.
  std::vector<std::string> interfaces;
  // Beside that of the process: by name, path or process id.
  std::vector<std::string> namespaces;
  FilterOptions filter;
  // Of a device; of a virtual pair or tap a sixteenth.
  uint32_t ring_bytes = 16 * 1024 * 1024;
  uint64_t first_segment_id = kFirstSegmentId + 1;
  FlowOptions flows;
  uint32_t batch_interval_ms = 100;
  uint32_t max_unacknowledged_blocks = 64;
};

// A block on its way to JavaScript; times are of CLOCK_MONOTONIC.
struct PacketBlock {
  FlowBlock flows;
  // When they changed, and every ten seconds.
  std::optional<std::vector<NetworkInterface>> interfaces;
  // Since the block before.
  uint64_t packets_dropped = 0;
  uint64_t undelivered = 0;
};

// How far it is, counted since its start.
struct PacketProgress {
  // Packets that passed the filter and had room, those that were read, those that had no room.
  uint64_t received = 0;
  uint64_t read = 0;
  uint64_t dropped = 0;
  uint64_t unacknowledged_blocks = 0;
  std::vector<std::string> captured;
  // One sentence for each interface or namespace that cannot be captured.
  std::vector<std::string> problems;
  PacketParser::Counts frames{};
  Fragments::Counts fragments{};
  FlowCounts flows;
  uint32_t open_flows = 0;
  uint64_t held_bytes = 0;
};

class PacketCapture {
 public:
  using Deliver = std::function<void(std::unique_ptr<PacketBlock>)>;

  // Null, and one sentence in `error`, where a filter is not valid or this process may not capture. `deliver` is called on the
  // capture's thread. Interfaces there are when this returns are captured.
  static std::unique_ptr<PacketCapture> start(const PacketCaptureOptions& options, std::unique_ptr<Redactor> redactor,
                                              Deliver deliver, std::string& error);
  ~PacketCapture();

  // Blocks that were delivered are done with: more may come.
  void acknowledge(uint32_t blocks);
  // A block that was delivered was not taken: its records are lost.
  void lose(uint64_t records);
  PacketProgress progress();

  // Delivers all that there is, whatever is unacknowledged, and ends the thread.
  void stop();

 private:
  struct Watched {
    NetworkNamespace network_namespace;
    std::unique_ptr<Netlink> changes;
  };
  using Filters = std::map<uint16_t, std::vector<sock_filter>>;

  PacketCapture(const PacketCaptureOptions& options, Filters filters, std::unique_ptr<Redactor> redactor, Deliver deliver);

  void run();
  void wait();
  bool is_blocked();
  bool is_stopping();
  void watch_namespaces();
  void refresh();
  bool is_chosen(const NetworkInterface& interface) const;
  bool is_captured(const InterfaceId& id) const;
  void open_ring(const NetworkInterface& interface);
  void close_ring(size_t index, uint64_t passed);
  void read_rings();
  int64_t read_clocks();
  void read_block(PacketRing& ring);
  PacketRing* earliest() const;
  void deliver_due(bool is_last);
  void hand_over(FlowBlock flows);
  void update_progress();

  const PacketCaptureOptions options_;
  const Filters filters_;
  const Deliver deliver_;
  NetworkNamespace home_;
  Descriptor wake_;

  // Of the thread.
  FlowEncoder encoder_;
  FlowTracker tracker_;
  PacketParser parser_;
  std::map<std::string, Watched> watched_;
  std::vector<std::unique_ptr<PacketRing>> rings_;
  InterfaceReader interface_reader_;
  std::vector<NetworkInterface> interfaces_;
  std::vector<std::string> captured_;
  std::vector<std::string> problems_;
  // In the latest round there was something to read; then a ring was half full.
  bool has_read_ = false;
  bool is_pressed_ = false;
  bool has_news_ = false;
  bool is_changed_ = true;
  int64_t refreshed_ns_ = 0;
  int64_t told_ns_ = 0;
  int64_t batch_ns_ = 0;
  int64_t block_ns_ = 0;
  int64_t progress_ns_ = 0;
  int64_t until_ns_ = 0;
  ClockOffset clock_offset_;
  // Of rings that were closed.
  uint64_t closed_received_ = 0;
  uint64_t closed_dropped_ = 0;
  uint64_t closed_read_ = 0;
  uint64_t reported_dropped_ = 0;

  // Several threads may stop it.
  std::mutex stopping_;
  std::mutex mutex_;
  bool is_stopping_ = false;
  uint64_t unacknowledged_ = 0;
  uint64_t undelivered_ = 0;
  PacketProgress progress_;
  std::thread thread_;
};

}  // namespace spanloom::packets
