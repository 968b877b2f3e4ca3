// SPDX-License-Identifier: Apache-2.0
#include "conversation.h"

namespace spanloom::redaction {

void Conversation::read(const Call& call, Payload& payload) {
  StreamReader& reader = this->reader(call.sender);
  if (call.missed > 0) reader.miss(call.missed);
  if (call.starts_message) {
    turned(call.sender);
    if (!reader.is_lost() && restarts(call, payload)) {
      reader.restart();
      resumed(call.sender);
    }
  }
  reader.enter(payload, call.repeated);
  if (reader.is_lost() && reader.available() > 0) {
    if (resumes(call, reader)) {
      reader.restart_found();
      resumed(call.sender);
      misses_ = 0;
    } else {
      reader.lose();
      if (call.starts_message && ++misses_ >= kMaxMisses) end();
    }
  }
  while (!reader.is_done() && !over_) step(call.sender, reader);
  if (over_ && !reader.is_done()) reader.lose();
  reader.leave();
}

}  // namespace spanloom::redaction
