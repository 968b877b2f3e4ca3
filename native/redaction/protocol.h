// SPDX-License-Identifier: Apache-2.0
//
// What the redactor must know of a protocol. Which there are: native/generated/protocols.h, from protocols/protocols.ts, by which the
// enricher recognises the same (a test holds both to the same verdicts).
#pragma once

#include <cstdint>
#include <memory>

#include "conversation.h"
#include "credentials.h"

namespace spanloom::redaction {

enum class Recognition : uint8_t { kNo, kUndecided, kRequest, kResponse };
enum class Transport : uint8_t { kUnknown = 0, kTcp = 1, kUdp = 2, kUnix = 3 };

// What is known besides the bytes.
struct Hints {
  Transport transport;
  bool sender_is_known;
  Sender sender;
  uint16_t sender_port;
  uint16_t receiver_port;
  // Bytes that were moved, of which those given are a prefix.
  uint64_t length;

  bool has_port(uint16_t port) const { return sender_port == port || receiver_port == port; }
  // The sender, as the kernel or a known port tells.
  bool is_from_server(uint16_t port) const {
    return sender_is_known ? sender == Sender::kServer : sender_port == port;
  }
  bool is_from_client(uint16_t port) const {
    return sender_is_known ? sender == Sender::kClient : receiver_port == port;
  }
};

struct Protocol {
  Recognition (*recognise)(const uint8_t* bytes, size_t size, const Hints& hints);
  // A conversation whose first bytes came from `first`.
  std::unique_ptr<Conversation> (*open)(Sender first, const Hints& hints, const Credentials& credentials);
  // Each datagram is a message of its own and holds no secret.
  bool sends_datagrams = false;
};

}  // namespace spanloom::redaction
