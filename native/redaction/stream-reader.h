// SPDX-License-Identifier: Apache-2.0
//
// One direction of a connection as a run of bytes with holes. Calls come in; a unit (a line, a packet) that a call does
// not finish is carried into the next one; what is passed over may reach far into calls to come. The holes, bytes that a
// call moved and nobody captured, lie at the end of each call. Carried bytes were sent with their own call: covering them
// has no effect any more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "payload.h"

namespace spanloom::redaction {

// What becomes of bytes that are passed over.
enum class Passing : uint8_t { kShown, kCovered, kHidden };

class StreamReader {
 public:
  // Takes the next call. The first `repeated` of its bytes were seen before and are hidden.
  void enter(Payload& payload, size_t repeated);
  // Ends the work on the call: carries what was kept.
  void leave();

  // The unread bytes are those of `window()` from `position()` up to `end()`.
  const uint8_t* window() const { return window_; }
  size_t position() const { return position_; }
  size_t end() const { return end_; }
  size_t available() const { return end_ - position_; }
  // Bytes behind end() that were not captured.
  bool has_gap() const { return gap_ > 0; }
  // Within something that is passed over, or with an unfinished unit.
  bool is_busy() const { return ahead_count_ > 0 || !carried_.empty(); }
  bool is_lost() const { return lost_; }
  // What it keeps of calls that are over.
  size_t carried_bytes() const { return carried_.capacity(); }
  // Nothing more can be read of this call.
  bool is_done() const { return lost_ || kept_ || position_ >= end_; }

  void pass(uint64_t count, Passing passing = Passing::kShown);
  void cover(size_t from, size_t to) { mark(from, to, Passing::kCovered); }
  // The unread rest is an unfinished unit: shown now and seen again with the next call. Only without a gap.
  void keep();
  // As keep(); where the end of the unit was not captured, the rest is shown and the direction is out of step behind it.
  void wait();
  // It is not known any more where a message begins: nothing more of this call is sent.
  void lose();
  // Bytes were missed before the next call.
  void miss(uint64_t count);
  // Where a message begins is known again: at the first byte of the call in hand.
  void restart_found() { lost_ = false; }
  // Forgets everything: the next call begins a message.
  void restart();
  // As restart(), but where the next message begins has to be found.
  void restart_lost() {
    restart();
    lost_ = true;
  }

 private:
  struct Run {
    uint64_t count;
    Passing passing;
  };
  // A unit has at most a shown and a covered part, and the end of a line.
  static constexpr size_t kMaxAhead = 4;

  void mark(size_t from, size_t to, Passing passing);

  // Larger than any unit that has to be seen whole (a line of a head, a statement, a login).
  static constexpr size_t kMaxCarried = 8 * 1024;

  Payload* payload_ = nullptr;
  const uint8_t* window_ = nullptr;
  size_t position_ = 0;
  size_t end_ = 0;
  uint64_t gap_ = 0;
  // What is still to be passed over, first things first.
  std::array<Run, kMaxAhead> ahead_;
  size_t ahead_count_ = 0;
  bool lost_ = false;
  bool kept_ = false;
  // Where the payload's first fresh byte is: window position = payload position + window_shift_.
  ptrdiff_t window_shift_ = 0;
  std::vector<uint8_t> carried_;
};

}  // namespace spanloom::redaction
