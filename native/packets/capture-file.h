// SPDX-License-Identifier: Apache-2.0
//
// Reads a capture file, pcap or pcapng, as its bytes come: whole, in chunks, or from a program that is still writing it.
// Formats: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html and draft-ietf-opsawg-pcapng-03.
//
// No field of the file is trusted. At most one frame is kept beside the chunk that was added last; what is skipped is not kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "frame.h"

namespace spanloom::packets {

// Longer frames are an error of the file. Frames of BIG TCP have up to 512 KiB.
inline constexpr uint32_t kMaxFrameBytes = 1024 * 1024;
// Of one section of a pcapng file.
inline constexpr size_t kMaxFileInterfaces = 65'536;

struct CapturedPacket {
  // What was captured of the frame; valid until the next call of the reader.
  std::span<const uint8_t> bytes;
  // Length of the frame on the wire, at least bytes.size().
  uint32_t wire_length = 0;
  // Since 1970; 0 for a simple packet block, which has none.
  int64_t time_ns = 0;
  // https://www.tcpdump.org/linktypes.html
  uint16_t link_type = 0;
  InterfaceId interface;
  // As the kernel tells it beside the frame; unknown where only the frame may have it.
  PacketType packet_type = PacketType::kUnknown;
  // A VLAN tag that the network card took out of the frame: its id, or -1. wire_length counts it.
  int32_t vlan = -1;
};

class CaptureFileReader {
 public:
  // Takes the next bytes of the file, of which there may be any number.
  void add(std::span<const uint8_t> chunk);

  // The next packet that is there as a whole. False: more bytes are needed, or the file is broken.
  bool next(CapturedPacket& packet);

  // There are no more bytes. What is left then, of a record that was cut, is an error.
  void end();

  // Empty, or one sentence that says what is wrong and where in the file. Packets before that place were good.
  const std::string& error() const { return error_; }

  // Interfaces that the present section has described so far; of pcap none.
  size_t interface_count() const { return interfaces_.size(); }
  // At most 64 bytes; empty where the file has none.
  const std::string& interface_name(size_t number) const { return interfaces_[number].name; }
  // Sections that have begun: their interfaces are numbered anew.
  uint64_t sections() const { return sections_; }

 private:
  enum class Format : uint8_t { kUnknown, kPcap, kPcapng };
  enum class Step : uint8_t { kWait, kContinue, kPacket };

  struct Interface {
    uint16_t link_type;
    uint32_t snap_length;
    // if_tsresol: the highest bit says whether the rest is a power of two, else of ten.
    uint8_t resolution;
    int64_t offset_s;
    std::string name;
  };

  size_t available() const { return buffer_.size() - at_; }
  const uint8_t* bytes() const { return buffer_.data() + at_; }
  uint16_t number16(const uint8_t* at) const;
  uint32_t number32(const uint8_t* at) const;
  void pass(size_t count);
  Step fail(const std::string& what);

  Step step(CapturedPacket& packet);
  Step step_file();
  Step step_pcap(CapturedPacket& packet);
  Step step_pcapng(CapturedPacket& packet);
  Step section(uint32_t length);
  Step interface(uint32_t length);
  Step enhanced_packet(uint32_t length, CapturedPacket& packet, bool is_obsolete);
  Step simple_packet(uint32_t length, CapturedPacket& packet);
  Step end_block(uint32_t length, size_t used, Step outcome);

  std::vector<uint8_t> buffer_;
  // Within buffer_: what was used up.
  size_t at_ = 0;
  // Of buffer_ in the file.
  uint64_t offset_ = 0;
  // Bytes to pass over that are not all there yet.
  uint64_t skip_ = 0;
  // The length that has to stand behind them, at the end of a block; 0: none.
  uint32_t trailer_ = 0;
  Format format_ = Format::kUnknown;
  bool is_swapped_ = false;
  // pcap
  uint32_t record_header_ = 16;
  bool is_nanoseconds_ = false;
  uint16_t link_type_ = 0;
  // pcapng
  std::vector<Interface> interfaces_;
  uint64_t sections_ = 0;
  std::string error_;
};

}  // namespace spanloom::packets
