// SPDX-License-Identifier: Apache-2.0
//
// Decides what of a captured payload may leave the host; docs/redaction.md has the rules. Bytes of a connection whose
// protocol is not recognised are not sent. Of a recognised one, secrets are overwritten with '*', bodies are left out, and
// where the framing is in doubt nothing is sent until a message surely begins. Knows nothing of N-API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "conversation.h"
#include "credentials.h"
#include "payload.h"
#include "protocol.h"

namespace re2 {
class RE2;
}

namespace spanloom {

struct RedactionOptions {
  // RE2 syntax, matched over bytes as Latin-1. With groups the groups are overwritten, else the whole match.
  std::vector<std::string> patterns;
  redaction::CredentialNames names;
  // Also send payloads of connections whose protocol is not recognised, with nothing but the patterns overwritten.
  bool sends_unrecognised = false;
};

// One call on a socket, as the kernel tells it.
struct SocketCall {
  uint64_t socket_id;
  redaction::Transport transport;
  bool role_is_known;
  bool local_is_client;
  uint16_t local_port;
  uint16_t remote_port;
  bool is_egress;
  bool starts_message;
  // Of the first byte; 0 where there is none.
  uint32_t tcp_sequence;
  // Bytes the call moved, at least what was captured.
  uint64_t length;
};

// Keeps what it must know of each socket; calls of a socket must come in order, also those without captured bytes.
class Redactor {
 public:
  // Returns nullptr and sets `error` to one sentence when a pattern is not valid.
  static std::unique_ptr<Redactor> create(const RedactionOptions& options, std::string& error);
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Overwrites what may not leave the host in the first `captured` bytes and returns how many of them may be sent.
  // `ranges` gets what was overwritten, ascending; a range at the end of what may be sent was held back.
  size_t redact(const SocketCall& call, uint8_t* bytes, size_t captured, std::vector<redaction::Range>& ranges);
  // The socket was closed.
  void forget(uint64_t socket_id);

 private:
  struct Socket;

  explicit Redactor(const RedactionOptions& options, std::vector<std::unique_ptr<re2::RE2>> patterns);
  void decide(const SocketCall& call, redaction::Payload& payload);
  void decide_connection(const SocketCall& call, redaction::Payload& payload);
  void recognise(Socket& socket, const SocketCall& call, redaction::Payload& payload, redaction::Call& part);
  void withhold(redaction::Payload& payload) const;
  void cover_patterns(redaction::Payload& payload) const;
  void make_room();

  const redaction::Credentials credentials_;
  const bool sends_unrecognised_;
  const std::vector<std::unique_ptr<re2::RE2>> patterns_;
  std::unordered_map<uint64_t, std::unique_ptr<Socket>> sockets_;
  uint64_t calls_ = 0;
  size_t carried_bytes_ = 0;
};

}  // namespace spanloom
