// SPDX-License-Identifier: Apache-2.0
#include "capture-file.h"

#include <algorithm>
#include <limits>

#include "byte-order.h"

namespace spanloom::packets {
namespace {

constexpr uint32_t kPcapMicroseconds = 0xa1b2c3d4;
constexpr uint32_t kPcapNanoseconds = 0xa1b23c4d;
// Kuznetzov's format of old Linux distributions: records have eight bytes more.
constexpr uint32_t kPcapModified = 0xa1b2cd34;
constexpr size_t kPcapHeader = 24;

constexpr uint32_t kSectionBlock = 0x0a0d0d0a;
constexpr uint32_t kInterfaceBlock = 1;
constexpr uint32_t kObsoletePacketBlock = 2;
constexpr uint32_t kSimplePacketBlock = 3;
constexpr uint32_t kEnhancedPacketBlock = 6;
constexpr uint32_t kByteOrder = 0x1a2b3c4d;
// Type and length before, length behind.
constexpr uint32_t kBlockFrame = 12;
constexpr uint32_t kSectionHeader = 24;
constexpr uint32_t kPacketHeader = 28;
constexpr uint32_t kInterfaceHeader = 16;
// Options of an interface beyond these bytes are not read.
constexpr uint32_t kMaxInterfaceBytes = 64 * 1024;
constexpr uint16_t kOptionName = 2;
constexpr uint16_t kOptionResolution = 9;
constexpr uint32_t kMaxNameBytes = 64;
constexpr uint16_t kOptionOffset = 14;
constexpr uint8_t kMicroseconds = 6;

using Wide = __int128;

int64_t clamped(Wide nanoseconds) {
  constexpr Wide kMost = std::numeric_limits<int64_t>::max();
  return static_cast<int64_t>(nanoseconds > kMost ? kMost : nanoseconds < -kMost ? -kMost : nanoseconds);
}

int64_t to_nanoseconds(uint64_t ticks, uint8_t resolution, int64_t offset_s) {
  constexpr Wide kSecond = 1'000'000'000;
  Wide time = ticks;
  const uint8_t exponent = resolution & 0x7f;
  if ((resolution & 0x80) != 0) {
    time = time * kSecond >> exponent;
  } else {
    for (uint8_t power = exponent; power < 9; power++) time *= 10;
    // Of 64 bits nothing is left after twenty digits.
    for (uint8_t power = exponent; power > 9 && time > 0; power--) time /= 10;
  }
  return clamped(time + Wide{offset_s} * kSecond);
}

uint32_t padded(uint32_t length) { return (length + 3) & ~uint32_t{3}; }

}  // namespace

uint16_t CaptureFileReader::number16(const uint8_t* at) const {
  uint16_t value;
  std::memcpy(&value, at, sizeof(value));
  return is_swapped_ ? __builtin_bswap16(value) : value;
}

uint32_t CaptureFileReader::number32(const uint8_t* at) const {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  return is_swapped_ ? __builtin_bswap32(value) : value;
}

void CaptureFileReader::add(std::span<const uint8_t> chunk) {
  if (!error_.empty()) return;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<ptrdiff_t>(at_));
  offset_ += at_;
  at_ = 0;
  const uint64_t skipped = std::min<uint64_t>(buffer_.empty() ? skip_ : 0, chunk.size());
  skip_ -= skipped;
  offset_ += skipped;
  buffer_.insert(buffer_.end(), chunk.begin() + static_cast<ptrdiff_t>(skipped), chunk.end());
}

bool CaptureFileReader::next(CapturedPacket& packet) {
  while (error_.empty()) {
    const Step step = this->step(packet);
    if (step == Step::kPacket) return true;
    if (step == Step::kWait) break;
  }
  return false;
}

void CaptureFileReader::end() {
  if (!error_.empty()) return;
  if (format_ == Format::kUnknown) fail(offset_ + available() == 0 ? "is empty" : "ends within its header");
  else if (available() > 0 || skip_ > 0 || trailer_ != 0) fail("ends within a record");
}

CaptureFileReader::Step CaptureFileReader::fail(const std::string& what) {
  error_ = "The capture file " + what + " at byte " + std::to_string(offset_ + at_) + ".";
  return Step::kWait;
}

// Passes bytes that need not be there yet.
void CaptureFileReader::pass(size_t count) {
  const size_t here = std::min(count, available());
  at_ += here;
  skip_ += count - here;
}

CaptureFileReader::Step CaptureFileReader::step(CapturedPacket& packet) {
  if (skip_ > 0) {
    const size_t here = static_cast<size_t>(std::min<uint64_t>(skip_, available()));
    skip_ -= here;
    at_ += here;
    if (skip_ > 0) return Step::kWait;
  }
  if (trailer_ != 0) {
    if (available() < 4) return Step::kWait;
    if (number32(bytes()) != trailer_) return fail("has a block that ends with another length than it begins with");
    trailer_ = 0;
    at_ += 4;
  }
  if (format_ == Format::kPcap) return step_pcap(packet);
  return format_ == Format::kPcapng ? step_pcapng(packet) : step_file();
}

CaptureFileReader::Step CaptureFileReader::step_file() {
  if (available() < 4) return Step::kWait;
  uint32_t magic;
  std::memcpy(&magic, bytes(), sizeof(magic));
  if (magic == kSectionBlock) {
    format_ = Format::kPcapng;
    return Step::kContinue;
  }
  const auto is_one = [](uint32_t value) {
    return value == kPcapMicroseconds || value == kPcapNanoseconds || value == kPcapModified;
  };
  is_swapped_ = !is_one(magic);
  if (is_swapped_) magic = __builtin_bswap32(magic);
  if (!is_one(magic)) return fail("is neither pcap nor pcapng");
  if (available() < kPcapHeader) return Step::kWait;
  is_nanoseconds_ = magic == kPcapNanoseconds;
  if (magic == kPcapModified) record_header_ = 24;
  // The upper half says something of checksums.
  link_type_ = static_cast<uint16_t>(number32(bytes() + 20));
  at_ += kPcapHeader;
  format_ = Format::kPcap;
  return Step::kContinue;
}

CaptureFileReader::Step CaptureFileReader::step_pcap(CapturedPacket& packet) {
  if (available() < record_header_) return Step::kWait;
  const uint32_t captured = number32(bytes() + 8);
  if (captured > kMaxFrameBytes) return fail("has a frame of " + std::to_string(captured) + " bytes");
  if (available() - record_header_ < captured) return Step::kWait;
  const uint64_t seconds = number32(bytes());
  const uint64_t fraction = number32(bytes() + 4);
  packet.bytes = {bytes() + record_header_, captured};
  packet.wire_length = std::max(captured, number32(bytes() + 12));
  packet.time_ns = static_cast<int64_t>(seconds * 1'000'000'000 + fraction * (is_nanoseconds_ ? 1 : 1'000));
  packet.link_type = link_type_;
  packet.interface = {};
  at_ += record_header_ + captured;
  return Step::kPacket;
}

CaptureFileReader::Step CaptureFileReader::step_pcapng(CapturedPacket& packet) {
  if (available() < 8) return Step::kWait;
  uint32_t type;
  std::memcpy(&type, bytes(), sizeof(type));
  // The type of a section reads the same in both byte orders, and tells that of all that follows.
  if (type == kSectionBlock) {
    if (available() < 12) return Step::kWait;
    uint32_t order;
    std::memcpy(&order, bytes() + 8, sizeof(order));
    is_swapped_ = order != kByteOrder;
    if (is_swapped_ && __builtin_bswap32(order) != kByteOrder) return fail("has a section of no known byte order");
  }
  type = number32(bytes());
  const uint32_t length = number32(bytes() + 4);
  if (length < kBlockFrame || length % 4 != 0)
    return fail("has a block of the impossible length " + std::to_string(length));
  if (type == kSectionBlock) return section(length);
  if (type == kInterfaceBlock) return interface(length);
  if (type == kEnhancedPacketBlock) return enhanced_packet(length, packet, false);
  if (type == kObsoletePacketBlock) return enhanced_packet(length, packet, true);
  if (type == kSimplePacketBlock) return simple_packet(length, packet);
  return end_block(length, 8, Step::kContinue);
}

// `used`: bytes from the block's beginning that are there and done with.
CaptureFileReader::Step CaptureFileReader::end_block(uint32_t length, size_t used, Step outcome) {
  at_ += used;
  pass(length - 4 - used);
  trailer_ = length;
  return outcome;
}

CaptureFileReader::Step CaptureFileReader::section(uint32_t length) {
  if (length < kSectionHeader + 4) return fail("has a section that is too short");
  if (available() < kSectionHeader) return Step::kWait;
  if (number16(bytes() + 12) != 1) return fail("has a section of an unknown version of pcapng");
  interfaces_.clear();
  sections_++;
  return end_block(length, kSectionHeader, Step::kContinue);
}

CaptureFileReader::Step CaptureFileReader::interface(uint32_t length) {
  if (length < kInterfaceHeader + 4) return fail("has an interface that is too short");
  const uint32_t end = std::min(length - 4, kMaxInterfaceBytes);
  if (available() < end) return Step::kWait;
  if (interfaces_.size() == kMaxFileInterfaces) return fail("has too many interfaces");
  Interface added{number16(bytes() + 8), number32(bytes() + 12), kMicroseconds, 0, {}};
  for (uint32_t at = kInterfaceHeader; at + 4 <= end;) {
    const uint16_t code = number16(bytes() + at);
    const uint32_t size = number16(bytes() + at + 2);
    if (code == 0 || at + 4 + size > end) break;
    const uint8_t* value = bytes() + at + 4;
    if (code == kOptionName) added.name.assign(reinterpret_cast<const char*>(value), std::min(size, kMaxNameBytes));
    if (code == kOptionResolution && size == 1) added.resolution = value[0];
    if (code == kOptionOffset && size == 8) {
      std::memcpy(&added.offset_s, value, sizeof(added.offset_s));
      if (is_swapped_) added.offset_s = static_cast<int64_t>(__builtin_bswap64(static_cast<uint64_t>(added.offset_s)));
    }
    at += 4 + padded(size);
  }
  interfaces_.push_back(added);
  return end_block(length, end, Step::kContinue);
}

// The obsolete packet block has the same fields, but a number of two bytes and a count of drops as interface.
CaptureFileReader::Step CaptureFileReader::enhanced_packet(uint32_t length, CapturedPacket& packet, bool is_obsolete) {
  if (length < kPacketHeader + 4) return fail("has a packet that is too short");
  if (available() < kPacketHeader) return Step::kWait;
  packet.interface.index = is_obsolete ? number16(bytes() + 8) : number32(bytes() + 8);
  if (packet.interface.index >= interfaces_.size()) return fail("has a packet of an interface that it does not describe");
  const Interface& interface = interfaces_[packet.interface.index];
  const uint32_t captured = number32(bytes() + 20);
  if (captured > kMaxFrameBytes) return fail("has a frame of " + std::to_string(captured) + " bytes");
  if (captured > length - 4 - kPacketHeader) return fail("has a packet that is longer than its block");
  if (available() < kPacketHeader + captured) return Step::kWait;
  const uint64_t ticks = static_cast<uint64_t>(number32(bytes() + 12)) << 32 | number32(bytes() + 16);
  packet.bytes = {bytes() + kPacketHeader, captured};
  packet.wire_length = std::max(captured, number32(bytes() + 24));
  packet.time_ns = to_nanoseconds(ticks, interface.resolution, interface.offset_s);
  packet.link_type = interface.link_type;
  return end_block(length, kPacketHeader + captured, Step::kPacket);
}

CaptureFileReader::Step CaptureFileReader::simple_packet(uint32_t length, CapturedPacket& packet) {
  if (length < kBlockFrame + 4) return fail("has a packet that is too short");
  if (interfaces_.empty()) return fail("has a packet of an interface that it does not describe");
  if (available() < kBlockFrame) return Step::kWait;
  const uint32_t wire_length = number32(bytes() + 8);
  const Interface& interface = interfaces_.front();
  uint32_t captured = std::min(wire_length, length - 4 - kBlockFrame);
  if (interface.snap_length != 0) captured = std::min(captured, interface.snap_length);
  if (captured > kMaxFrameBytes) return fail("has a frame of " + std::to_string(captured) + " bytes");
  if (available() < kBlockFrame + captured) return Step::kWait;
  packet.bytes = {bytes() + kBlockFrame, captured};
  packet.wire_length = wire_length;
  packet.time_ns = 0;
  packet.link_type = interface.link_type;
  packet.interface = {};
  return end_block(length, kBlockFrame + captured, Step::kPacket);
}

}  // namespace spanloom::packets
