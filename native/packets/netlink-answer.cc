// SPDX-License-Identifier: Apache-2.0
#include "netlink-answer.h"

#include <algorithm>

namespace spanloom::packets {
namespace {

// The end of a list, and an error, begin with a number: 0, or a negative errno. An old kernel may leave it out at the end.
int32_t error_of(std::span<const uint8_t> body) {
  int32_t error = 0;
  if (body.size() >= sizeof(error)) std::memcpy(&error, body.data(), sizeof(error));
  return error;
}

}  // namespace

std::span<const uint8_t> NetlinkAttributes::find(uint16_t type) const {
  for (size_t at = 0; bytes_.size() - at >= sizeof(rtattr);) {
    rtattr header;
    std::memcpy(&header, bytes_.data() + at, sizeof(header));
    if (header.rta_len < sizeof(header) || header.rta_len > bytes_.size() - at) break;
    if ((header.rta_type & NLA_TYPE_MASK) == type)
      return bytes_.subspan(at + sizeof(header), header.rta_len - sizeof(header));
    at += RTA_ALIGN(header.rta_len);
    if (at > bytes_.size()) break;
  }
  return {};
}

std::optional<uint32_t> NetlinkAttributes::number(uint16_t type) const {
  const std::span<const uint8_t> bytes = find(type);
  if (bytes.size() < sizeof(uint32_t)) return std::nullopt;
  uint32_t value;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

AnswerPart read_answer(std::span<const uint8_t> datagram, uint32_t sequence, const TakeMessage& take) {
  AnswerPart part;
  while (!datagram.empty() && !part.is_last) {
    nlmsghdr header;
    if (datagram.size() < sizeof(header)) return {.has_failed = true};
    std::memcpy(&header, datagram.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > datagram.size()) return {.has_failed = true};
    const std::span<const uint8_t> body = datagram.subspan(sizeof(header), header.nlmsg_len - sizeof(header));
    datagram = datagram.subspan(std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    // What is left of an answer that was given up.
    if (header.nlmsg_seq != sequence) continue;
    part.is_interrupted |= (header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    switch (header.nlmsg_type) {
      case NLMSG_NOOP:
        break;
      case NLMSG_DONE:
        part.is_last = true;
        part.has_failed = error_of(body) != 0;
        break;
      case NLMSG_ERROR:
      case NLMSG_OVERRUN:
        return {.has_failed = true};
      default:
        take(header.nlmsg_type, body);
    }
  }
  return part;
}

}  // namespace spanloom::packets
