// SPDX-License-Identifier: Apache-2.0
//
// The captured prefix of one call while it is decided what of it may leave the host. Nothing is overwritten before
// finish(), so that readers see what the peers saw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace spanloom::redaction {

// Bytes of a payload that were overwritten or, behind the last byte that is sent, not sent.
struct Range {
  uint32_t offset;
  uint32_t length;
};

class Payload {
 public:
  // `length`: bytes the call moved, at least `captured`.
  Payload(uint8_t* bytes, size_t captured, uint64_t length)
      : bytes_(bytes), captured_(captured), length_(length), sent_(captured) {}

  const uint8_t* bytes() const { return bytes_; }
  size_t captured() const { return captured_; }
  uint64_t length() const { return length_; }

  // A secret: these bytes are overwritten with '*'.
  void cover(size_t from, size_t to) { add(covered_, from, to); }
  // Not needed downstream (the body of a message): overwritten where something is sent behind them, else not sent.
  void hide(size_t from, size_t to) { add(hidden_, from, to); }
  // In doubt: nothing from here on is sent.
  void withhold(size_t from) { sent_ = from < sent_ ? from : sent_; }

  // Overwrites what is to be overwritten and returns how many bytes may be sent. `ranges` gets, in ascending order and
  // without overlap, what was overwritten in them and, at their end, what is held back.
  size_t finish(std::vector<Range>& ranges);

 private:
  void add(std::vector<Range>& list, size_t from, size_t to) {
    to = to < captured_ ? to : captured_;
    if (from < to) list.push_back({static_cast<uint32_t>(from), static_cast<uint32_t>(to - from)});
  }

  uint8_t* const bytes_;
  const size_t captured_;
  const uint64_t length_;
  size_t sent_;
  std::vector<Range> covered_;
  std::vector<Range> hidden_;
};

}  // namespace spanloom::redaction
