// SPDX-License-Identifier: Apache-2.0
#include "packet-ring.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace spanloom::packets {

std::unique_ptr<PacketRing> PacketRing::open(const InterfaceId& interface, uint16_t link_type, uint32_t bytes,
                                             const std::vector<sock_filter>& filter, std::string& error) {
  const auto fail = [&error](const char* what) {
    error = std::string(what) + ": " + std::strerror(errno) + ".";
    if (errno == EPERM) error += " Capture of packets takes CAP_NET_RAW.";
    return nullptr;
  };
  // Protocol 0 receives nothing before bind(): no packet gets in that the filter has not seen.
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return fail("A socket for packets cannot be opened");
  const int number = socket.number();
  const int version = TPACKET_V3;
  if (setsockopt(number, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0)
    return fail("The kernel has no TPACKET_V3, which came with Linux 3.2");
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  if (setsockopt(number, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) != 0)
    return fail("The kernel refuses the filter of packets");
  tpacket_req3 request{};
  request.tp_block_size = kBlockBytes;
  request.tp_block_nr = std::max<uint32_t>(bytes / kBlockBytes, 2);
  // Of no meaning in TPACKET_V3, but checked.
  request.tp_frame_size = TPACKET_ALIGNMENT * 128;
  request.tp_frame_nr = kBlockBytes / request.tp_frame_size * request.tp_block_nr;
  request.tp_retire_blk_tov = kRetireMs;
  if (setsockopt(number, SOL_PACKET, PACKET_RX_RING, &request, sizeof(request)) != 0)
    return fail("There is no memory for a ring of packets");
  std::unique_ptr<PacketRing> ring(new PacketRing(std::move(socket), interface, link_type));
  void* memory = mmap(nullptr, size_t{request.tp_block_nr} * kBlockBytes, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0);
  if (memory == MAP_FAILED) return fail("A ring of packets cannot be mapped");
  ring->memory_ = static_cast<uint8_t*>(memory);
  ring->blocks_ = request.tp_block_nr;
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(interface.index);
  if (bind(number, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    return fail("The socket for packets cannot be bound to its interface");
  const int locked = 1;
  setsockopt(number, SOL_SOCKET, SO_LOCK_FILTER, &locked, sizeof(locked));
  return ring;
}

PacketRing::~PacketRing() {
  if (memory_ != nullptr) munmap(memory_, size_t{blocks_} * kBlockBytes);
}

bool PacketRing::is_readable(uint32_t index) const {
  const uint32_t status = std::atomic_ref(block(index)->hdr.bh1.block_status).load(std::memory_order_acquire);
  return (status & TP_STATUS_USER) != 0;
}

int64_t PacketRing::next_block_ns() const {
  if (!is_readable(block_)) return INT64_MAX;
  const tpacket_hdr_v1& header = current()->hdr.bh1;
  return int64_t{header.ts_first_pkt.ts_sec} * 1'000'000'000 + header.ts_first_pkt.ts_nsec;
}

void PacketRing::release() {
  std::atomic_ref(current()->hdr.bh1.block_status).store(TP_STATUS_KERNEL, std::memory_order_release);
  block_ = (block_ + 1) % blocks_;
}

CapturedPacket PacketRing::packet_of(const tpacket3_hdr* header) const {
  const auto* bytes = reinterpret_cast<const uint8_t*>(header);
  const auto* link = reinterpret_cast<const sockaddr_ll*>(bytes + TPACKET_ALIGN(sizeof(tpacket3_hdr)));
  CapturedPacket packet;
  packet.bytes = {bytes + header->tp_mac, header->tp_snaplen};
  packet.wire_length = std::max(header->tp_len, header->tp_snaplen);
  packet.time_ns = int64_t{header->tp_sec} * 1'000'000'000 + header->tp_nsec;
  packet.link_type = link_type_;
  packet.interface = interface_;
  packet.packet_type = static_cast<PacketType>(link->sll_pkttype);
  if ((header->tp_status & TP_STATUS_VLAN_VALID) != 0) {
    packet.vlan = static_cast<int32_t>(header->hv1.tp_vlan_tci & 0xfff);
    packet.wire_length += 4;
  }
  return packet;
}

void PacketRing::update() {
  tpacket_stats_v3 counts{};
  socklen_t size = sizeof(counts);
  // Reading sets them to 0.
  if (getsockopt(descriptor(), SOL_PACKET, PACKET_STATISTICS, &counts, &size) == 0) {
    passed_ += counts.tp_packets;
    dropped_ += counts.tp_drops;
  }
  int error = 0;
  size = sizeof(error);
  getsockopt(descriptor(), SOL_SOCKET, SO_ERROR, &error, &size);
}

}  // namespace spanloom::packets
