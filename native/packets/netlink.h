// SPDX-License-Identifier: Apache-2.0
//
// Questions to the kernel about its network (rtnetlink(7)).
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "descriptor.h"

namespace spanloom::packets {

// Attributes behind the fixed part of a message. Nothing of their lengths is trusted.
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  // The payload of the first attribute of a type; empty: none.
  std::span<const uint8_t> find(uint16_t type) const;
  std::optional<uint32_t> number(uint16_t type) const;

 private:
  std::span<const uint8_t> bytes_;
};

// A socket stays in the namespace in which it was opened.
class Netlink {
 public:
  // `groups`: RTMGRP_… whose notifications are received; 0: none.
  explicit Netlink(uint32_t groups = 0);

  bool is_open() const { return socket_.is_open(); }
  int descriptor() const { return socket_.number(); }

  // Takes all notifications there are; false: there was none.
  bool drain();

  // Calls `take(fixed part, attributes)` for each message of a dump. The fixed part begins with the family. False: the answer was
  // not whole, because the kernel refused or something changed meanwhile.
  template <typename Fixed, typename Take>
  bool dump(uint16_t type, const Fixed& question, Take&& take) {
    if (!ask(type, NLM_F_DUMP, &question, sizeof(question))) return false;
    for (;;) {
      const std::span<const uint8_t> answer = receive();
      if (answer.empty()) return false;
      size_t at = 0;
      while (answer.size() - at >= sizeof(nlmsghdr)) {
        nlmsghdr header;
        std::memcpy(&header, answer.data() + at, sizeof(header));
        if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > answer.size() - at) return false;
        if (header.nlmsg_type == NLMSG_ERROR) return false;
        if (header.nlmsg_seq == sequence_) {
          if (header.nlmsg_type == NLMSG_DONE) return true;
          const auto body = answer.subspan(at + sizeof(header), header.nlmsg_len - sizeof(header));
          if (body.size() >= sizeof(Fixed)) {
            Fixed fixed;
            std::memcpy(&fixed, body.data(), sizeof(fixed));
            take(fixed, NetlinkAttributes(body.subspan(NLMSG_ALIGN(sizeof(Fixed)))));
          }
        }
        at += NLMSG_ALIGN(header.nlmsg_len);
        if (at > answer.size()) break;
      }
    }
  }

  // The number by which this socket's namespace knows another one; nothing: by none.
  std::optional<uint32_t> id_of_namespace(int descriptor);

 private:
  bool ask(uint16_t type, uint16_t flags, const void* body, size_t size);
  std::span<const uint8_t> receive();

  Descriptor socket_;
  uint32_t sequence_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace spanloom::packets
