// SPDX-License-Identifier: Apache-2.0
//
// Packets of one interface out of a ring that the kernel fills (AF_PACKET, TPACKET_V3: Documentation/networking/packet_mmap.rst).
// The kernel fills a block at a time, and hands it over when it is full or kRetireMs old. Where all blocks are full, it drops
// and counts packets.
#pragma once

#include <linux/if_packet.h>
#include <sys/mman.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capture-file.h"
#include "descriptor.h"
#include "packet-filter.h"

namespace spanloom::packets {

// After so long the kernel hands over a block that is not full.
inline constexpr uint32_t kRetireMs = 50;

class PacketRing {
 public:
  // Opens a ring on an interface of the calling thread's network namespace. Null, and one sentence in `error`, where the
  // kernel refuses.
  static std::unique_ptr<PacketRing> open(const InterfaceId& interface, uint16_t link_type, uint32_t bytes,
                                          const std::vector<sock_filter>& filter, std::string& error);
  ~PacketRing();
  PacketRing(const PacketRing&) = delete;
  PacketRing& operator=(const PacketRing&) = delete;

  int descriptor() const { return socket_.number(); }
  const InterfaceId& interface() const { return interface_; }

  // Time of the first packet of the next block, in nanoseconds since 1970; INT64_MAX: the kernel still has that block.
  int64_t next_block_ns() const;

  // Half of the blocks from there on wait to be read.
  bool is_half_full() const { return is_readable((block_ + blocks_ / 2) % blocks_); }

  // Calls `take` for each packet of that block, which must be there, then gives it back to the kernel.
  template <typename Take>
  void read_block(Take&& take) {
    const tpacket_block_desc& block = *current();
    const uint8_t* at = reinterpret_cast<const uint8_t*>(&block) + block.hdr.bh1.offset_to_first_pkt;
    for (uint32_t count = block.hdr.bh1.num_pkts; count > 0; count--) {
      const auto* header = reinterpret_cast<const tpacket3_hdr*>(at);
      take(packet_of(header));
      read_++;
      at += header->tp_next_offset;
    }
    release();
  }

  // Asks the kernel for its counts, and forgets an error: an interface that goes down leaves one.
  void update();
  // Packets that passed the filter, of them those that the ring had no room for, and those that were read.
  uint64_t passed() const { return passed_; }
  uint64_t dropped() const { return dropped_; }
  uint64_t read() const { return read_; }

 private:
  PacketRing(Descriptor socket, const InterfaceId& interface, uint16_t link_type)
      : socket_(std::move(socket)), interface_(interface), link_type_(link_type) {}

  tpacket_block_desc* block(uint32_t index) const {
    return reinterpret_cast<tpacket_block_desc*>(memory_ + size_t{index} * kBlockBytes);
  }
  tpacket_block_desc* current() const { return block(block_); }
  // The kernel has handed it over.
  bool is_readable(uint32_t index) const;
  CapturedPacket packet_of(const tpacket3_hdr* header) const;
  void release();

  static constexpr uint32_t kBlockBytes = 128 * 1024;

  Descriptor socket_;
  InterfaceId interface_;
  uint16_t link_type_;
  uint8_t* memory_ = nullptr;
  uint32_t blocks_ = 0;
  uint32_t block_ = 0;
  uint64_t passed_ = 0;
  uint64_t dropped_ = 0;
  uint64_t read_ = 0;
};

}  // namespace spanloom::packets
