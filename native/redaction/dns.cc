// SPDX-License-Identifier: Apache-2.0
//
// DNS, mDNS and LLMNR over UDP and TCP. Nothing in them is a secret; what matters is that nothing else is taken for them.
#include <algorithm>

#include "../generated/protocol-tables.h"
#include "protocol.h"

namespace spanloom::redaction {
namespace {

constexpr size_t kHeaderBytes = 12;

bool is_known_port(const Hints& hints) {
  for (const uint16_t port : kDnsPorts)
    if (hints.has_port(port)) return true;
  return false;
}

uint32_t unsigned16(const uint8_t* bytes, size_t at) { return static_cast<uint32_t>(bytes[at]) << 8 | bytes[at + 1]; }

// The name at `at`: where it ends, kNone when it is none or cut off.
size_t name_end(const uint8_t* bytes, size_t at, size_t end) {
  while (at < end) {
    const uint8_t size = bytes[at];
    if (size == 0) return at + 1;
    if ((size & 0xc0) == 0xc0) return at + 2 <= end ? at + 2 : kNone;
    if ((size & 0xc0) != 0) return kNone;
    at += 1 + size;
  }
  return kNone;
}

bool has_control_character(const uint8_t* bytes, size_t from, size_t to) {
  for (size_t at = from; at < to;) {
    const uint8_t size = bytes[at];
    if (size == 0 || (size & 0xc0) != 0) return false;
    for (size_t index = at + 1; index <= at + size && index < to; index++)
      if (bytes[index] < 0x20 || bytes[index] == 0x7f) return true;
    at += 1 + size;
  }
  return false;
}

constexpr uint32_t kNetbiosName = 32;
constexpr uint32_t kNetbiosStatus = 33;

// NetBIOS names are of 32 letters from A to P (RFC 1001, 14.1). Type 33 is SRV in DNS.
bool is_netbios_name(const uint8_t* bytes, size_t at, size_t end) {
  if (end - at < 33 || bytes[at] != 32) return false;
  for (size_t index = at + 1; index <= at + 32; index++)
    if (bytes[index] < 'A' || bytes[index] > 'P') return false;
  return true;
}

// Only on a known port the unusual is believed.
Recognition judge(const uint8_t* bytes, size_t from, size_t end, bool on_port) {
  if (end - from < kHeaderBytes) return Recognition::kUndecided;
  const uint32_t flags = unsigned16(bytes, from + 2);
  const uint32_t operation = (flags >> 11) & 0xf;
  const bool is_response = (flags & 0x8000) != 0;
  const uint32_t questions = unsigned16(bytes, from + 4);
  const uint32_t answers = unsigned16(bytes, from + 6);
  const uint32_t authorities = unsigned16(bytes, from + 8);
  const uint32_t additionals = unsigned16(bytes, from + 10);
  if (operation > 6 || operation == 3) return Recognition::kNo;
  if (!on_port && (flags & 0x40) != 0) return Recognition::kNo;
  if (!on_port && !is_response && (flags & 0xf) != 0) return Recognition::kNo;
  if (questions > 32 || answers > 512 || authorities > 512 || additionals > 64) return Recognition::kNo;
  if (!on_port && (questions != 1 || operation != 0 || (!is_response && answers + authorities > 0)))
    return Recognition::kNo;
  const Recognition recognition = is_response ? Recognition::kResponse : Recognition::kRequest;
  if (questions == 0) return is_response && on_port ? recognition : Recognition::kNo;
  const size_t name = from + kHeaderBytes;
  const size_t question = name_end(bytes, name, end);
  if (question == kNone || question + 4 > end) return on_port && end - from >= 500 ? recognition : Recognition::kNo;
  const uint32_t type = unsigned16(bytes, question);
  const uint32_t record_class = unsigned16(bytes, question + 2) & 0x7fff;
  if (type == 0 || (record_class != 1 && record_class != 3 && record_class != 254 && record_class != 255))
    return Recognition::kNo;
  if ((type == kNetbiosName || type == kNetbiosStatus) && is_netbios_name(bytes, name, end)) return Recognition::kNo;
  return on_port || !has_control_character(bytes, name, question) ? recognition : Recognition::kNo;
}

bool is_message(Recognition recognition) {
  return recognition == Recognition::kRequest || recognition == Recognition::kResponse;
}

Recognition recognise(const uint8_t* bytes, size_t size, const Hints& hints) {
  if (hints.has_port(137) || hints.has_port(138)) return Recognition::kNo;
  const bool on_port = is_known_port(hints);
  if (hints.transport != Transport::kTcp) {
    const Recognition datagram = judge(bytes, 0, size, on_port);
    if (is_message(datagram)) return datagram;
    if (hints.transport == Transport::kUdp) return Recognition::kNo;
  }
  if (size < 2) return on_port ? Recognition::kUndecided : Recognition::kNo;
  const uint32_t length = unsigned16(bytes, 0);
  if (length < kHeaderBytes || (!on_port && size < 2 + kHeaderBytes)) return Recognition::kNo;
  const Recognition framed = judge(bytes, 2, std::min<size_t>(size, 2 + length), on_port);
  return framed == Recognition::kUndecided && !on_port ? Recognition::kNo : framed;
}

// DNS over TCP: two bytes of length before each message.
class Dns final : public Conversation {
 public:
  explicit Dns(Sender first) : Conversation(first) {}

 private:
  bool resumes(const Call& call, StreamReader& reader) override {
    const uint8_t* bytes = reader.window();
    if (!call.starts_message || reader.end() < 2) return call.starts_message && reader.end() == 1;
    const uint32_t length = unsigned16(bytes, 0);
    if (length < kHeaderBytes) return false;
    return judge(bytes, 2, std::min<size_t>(reader.end(), 2 + length), true) != Recognition::kNo;
  }

  void step(Sender, StreamReader& reader) override {
    if (reader.available() < 2) {
      if (reader.has_gap()) reader.pass(reader.available());
      else reader.keep();
      return;
    }
    const uint32_t length = unsigned16(reader.window(), reader.position());
    if (length < kHeaderBytes) return reader.lose();
    reader.pass(2 + uint64_t{length});
  }
};

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials&) {
  return std::make_unique<Dns>(first);
}

}  // namespace

const Protocol kDns = {recognise, open};

}  // namespace spanloom::redaction
