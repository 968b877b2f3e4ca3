// SPDX-License-Identifier: Apache-2.0
//
// Questions to the kernel about its network (rtnetlink(7)).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "descriptor.h"
#include "netlink-answer.h"

namespace spanloom::packets {

// A socket stays in the namespace in which it was opened.
class Netlink {
 public:
  // `groups`: RTMGRP_… whose notifications are received; 0: none.
  explicit Netlink(uint32_t groups = 0);

  bool is_open() const { return socket_.is_open(); }
  int descriptor() const { return socket_.number(); }

  // Takes all notifications there are; false: there was none.
  bool drain();

  // Asks for one of the lists in network-lists.h.
  template <typename List>
  ListResult read(Known<List>& known) {
    const typename List::Fixed question = List::question();
    return read_list(
        known, [&] { return ask(List::kQuestion, NLM_F_DUMP, &question, sizeof(question)); }, [this] { return receive(); });
  }

  // The number by which this socket's namespace knows another one; -1: by none; nothing: the kernel did not say.
  std::optional<int32_t> id_of_namespace(int descriptor);

 private:
  // The number of the question; nothing: it could not be asked.
  std::optional<uint32_t> ask(uint16_t type, uint16_t flags, const void* body, size_t size);
  // Empty: no whole datagram came in time.
  std::span<const uint8_t> receive();

  Descriptor socket_;
  uint32_t sequence_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace spanloom::packets
