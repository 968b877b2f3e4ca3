// SPDX-License-Identifier: Apache-2.0
//
// DNS, mDNS and LLMNR over UDP and TCP. Nothing in them is a secret; what matters is that nothing else is taken for them.
#include <algorithm>

#include "generated/protocol-tables.h"
#include "generated/protocols.h"

namespace spanloom::redaction {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr size_t kMaxMessageBytes = 65535;

bool is_known_port(const Hints& hints) {
  for (const uint16_t port : kDnsPorts)
    if (hints.has_port(port)) return true;
  return false;
}

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

// A label of a length that there is not.
bool is_malformed_name(const uint8_t* bytes, size_t at, size_t end) {
  while (at < end && bytes[at] != 0 && (bytes[at] & 0xc0) != 0xc0) {
    if ((bytes[at] & 0xc0) != 0) return true;
    at += 1 + bytes[at];
  }
  return false;
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

// NetBIOS names are of 32 letters from A to P (RFC 1001, 14.1). Type 33 is SRV in DNS.
bool is_netbios_name(const uint8_t* bytes, size_t at, size_t end) {
  if (end - at < 33 || bytes[at] != 32) return false;
  for (size_t index = at + 1; index <= at + 32; index++)
    if (bytes[index] < 'A' || bytes[index] > 'P') return false;
  return true;
}

// NetBIOS name service has the header of DNS; its types are NULL (10), NB (32) and NBSTAT (33).
bool is_netbios(const uint8_t* bytes, size_t name, size_t behind, size_t end) {
  if (behind + 2 > end || !is_netbios_name(bytes, name, end)) return false;
  const uint32_t type = unsigned16(bytes, behind);
  return type == 10 || type == 32 || type == 33;
}

struct Header {
  bool is_response;
  bool is_reserved;
  uint32_t operation;
  uint32_t code;
  uint32_t questions;
  // Answers and authorities.
  uint32_t records;
  uint32_t additionals;
};

Header read_header(const uint8_t* bytes, size_t from) {
  const uint32_t flags = unsigned16(bytes, from + 2);
  return {(flags & 0x8000) != 0,
          (flags & 0x40) != 0,
          (flags >> 11) & 0xf,
          flags & 0xf,
          unsigned16(bytes, from + 4),
          unsigned16(bytes, from + 6) + unsigned16(bytes, from + 8),
          unsigned16(bytes, from + 10)};
}

bool is_plausible(const Header& header, bool on_port) {
  if (on_port)
    return kHeaderBytes + header.questions * 5 + (header.records + header.additionals) * 11 <= kMaxMessageBytes;
  if (header.is_reserved || header.operation != 0 || header.questions != 1) return false;
  if (header.records > 1024 || header.additionals > 64) return false;
  return header.is_response || (header.code == 0 && header.records == 0);
}

Recognition judge_without_question(const uint8_t* bytes, size_t from, size_t end, const Header& header) {
  const size_t first = from + kHeaderBytes;
  if (header.is_response) {
    const size_t name = name_end(bytes, first, end);
    return name != kNone && is_netbios(bytes, first, name, end) ? Recognition::kNo : Recognition::kResponse;
  }
  if (header.records > 0) return Recognition::kNo;
  if (header.additionals == 0)
    return header.operation == 6 || first == end ? Recognition::kRequest : Recognition::kNo;
  // A client asks for a server cookie, and nothing else (RFC 7873, 5.4).
  return first + 3 <= end && bytes[first] == 0 && unsigned16(bytes, first + 1) == 41 ? Recognition::kRequest
                                                                                    : Recognition::kNo;
}

// What servers answer is believed on a known port, be it with an error; elsewhere a query with one question, or its response.
// kUndecided: too short for a header, or the question is cut.
Recognition judge(const uint8_t* bytes, size_t from, size_t end, bool on_port) {
  if (end - from < kHeaderBytes) return Recognition::kUndecided;
  const Header header = read_header(bytes, from);
  if (!is_plausible(header, on_port)) return Recognition::kNo;
  if (header.questions == 0) return judge_without_question(bytes, from, end, header);
  const Recognition recognition = header.is_response ? Recognition::kResponse : Recognition::kRequest;
  const size_t name = from + kHeaderBytes;
  if (is_malformed_name(bytes, name, end)) return Recognition::kNo;
  const size_t behind = name_end(bytes, name, end);
  if (behind == kNone || behind + 4 > end) return on_port ? recognition : Recognition::kUndecided;
  if (is_netbios(bytes, name, behind, end)) return Recognition::kNo;
  if (on_port) return recognition;
  const uint32_t record_class = unsigned16(bytes, behind + 2) & 0x7fff;
  const bool is_usual = unsigned16(bytes, behind) != 0 && (record_class == 1 || record_class == 3 || record_class == 255);
  return is_usual && !has_control_character(bytes, name, behind) ? recognition : Recognition::kNo;
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
    if (reader.available() < 2) return reader.wait();
    const uint32_t length = unsigned16(reader.window(), reader.position());
    if (length < kHeaderBytes) return reader.lose();
    reader.pass(2 + uint64_t{length});
  }
};

std::unique_ptr<Conversation> open(Sender first, const Hints&, const Credentials&) {
  return std::make_unique<Dns>(first);
}

}  // namespace

const Protocol kDns = {recognise, open, true};

}  // namespace spanloom::redaction
