// SPDX-License-Identifier: Apache-2.0
//
// The protocols that are recognised: the same as in protocols/dissectors.ts, by the same rules (schemas/protocol-tables.ts; a test
// holds both to the same verdicts).
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
};

extern const Protocol kHttp1;
extern const Protocol kRedis;
extern const Protocol kPostgresql;
extern const Protocol kMysql;
extern const Protocol kDns;

}  // namespace spanloom::redaction
