// SPDX-License-Identifier: Apache-2.0
//
// A connection whose protocol is known. Each protocol reads its own framing, exactly, and says which bytes are secrets. A
// direction that is out of step (bytes were missed and nobody knows where the next message begins) sends nothing until a
// call begins with what can only be a message.
#pragma once

#include <cstdint>
#include <memory>

#include "payload.h"
#include "stream-reader.h"

namespace spanloom::redaction {

enum class Sender : uint8_t { kClient = 0, kServer = 1 };

inline Sender other(Sender sender) { return sender == Sender::kClient ? Sender::kServer : Sender::kClient; }

// One call on its way through a conversation.
struct Call {
  Sender sender;
  // The direction on the socket changed: most likely a message begins at byte 0.
  bool starts_message;
  // Bytes at the beginning that an earlier call of this direction had already.
  size_t repeated;
  // Bytes of this direction that were lost before this call.
  uint64_t missed;
};

class Conversation {
 public:
  virtual ~Conversation() = default;

  // Decides what of the payload may be sent.
  void read(const Call& call, Payload& payload);

  // The connection speaks something else from now on, or never spoke this protocol: it has to be recognised anew.
  bool is_over() const { return over_; }
  // What it keeps of unfinished messages.
  size_t carried_bytes() const { return readers_[0].carried_bytes() + readers_[1].carried_bytes(); }

 protected:
  // `first`: who sent the bytes by which the protocol was recognised. The other end has to prove it.
  explicit Conversation(Sender first) { reader(other(first)).restart_lost(); }

  StreamReader& reader(Sender sender) { return readers_[static_cast<size_t>(sender)]; }
  void end() { over_ = true; }

  // A direction that is out of step: whether a message of this sender surely begins at the reader's first byte.
  virtual bool resumes(const Call& call, StreamReader& reader) = 0;
  // A direction that is not: whether the call must be a new message though another was not finished.
  virtual bool restarts(const Call&, const Payload&) { return false; }
  // The sender begins to send after the other one did.
  virtual void turned(Sender) {}
  // The sender's direction begins anew, from the beginning of a message.
  virtual void resumed(Sender) {}
  // Reads at the reader's position: passes something, keeps it or gets lost.
  virtual void step(Sender sender, StreamReader& reader) = 0;

 private:
  // Messages that began with nothing of this protocol before it is given up.
  static constexpr uint32_t kMaxMisses = 8;

  StreamReader readers_[2];
  uint32_t misses_ = 0;
  bool over_ = false;
};

}  // namespace spanloom::redaction
