// SPDX-License-Identifier: Apache-2.0
#include "stream-reader.h"

#include <algorithm>

namespace spanloom::redaction {

void StreamReader::enter(Payload& payload, size_t repeated) {
  payload_ = &payload;
  kept_ = false;
  const size_t captured = payload.captured();
  const size_t seen = std::min(repeated, captured);
  payload.hide(0, seen);
  gap_ = payload.length() - std::max(captured, repeated);
  if (carried_.empty()) {
    window_ = payload.bytes() + seen;
    end_ = captured - seen;
    window_shift_ = -static_cast<ptrdiff_t>(seen);
  } else {
    // Lives as long as the call is worked on; a thread works on one call at a time.
    static thread_local std::vector<uint8_t> joined;
    joined.assign(carried_.begin(), carried_.end());
    joined.insert(joined.end(), payload.bytes() + seen, payload.bytes() + captured);
    window_shift_ = static_cast<ptrdiff_t>(carried_.size()) - static_cast<ptrdiff_t>(seen);
    window_ = joined.data();
    end_ = joined.size();
  }
  position_ = 0;
  const std::array<Run, kMaxAhead> ahead = ahead_;
  const size_t count = ahead_count_;
  ahead_count_ = 0;
  for (size_t index = 0; index < count; index++) pass(ahead[index].count, ahead[index].passing);
}

void StreamReader::pass(uint64_t count, Passing passing) {
  const size_t here = static_cast<size_t>(std::min<uint64_t>(count, available()));
  mark(position_, position_ + here, passing);
  position_ += here;
  const uint64_t beyond = count - here;
  if (beyond <= gap_) {
    gap_ -= beyond;
    return;
  }
  const uint64_t left = beyond - gap_;
  gap_ = 0;
  if (ahead_count_ > 0 && (ahead_[ahead_count_ - 1].passing == passing || ahead_count_ == kMaxAhead)) {
    ahead_[ahead_count_ - 1].count += left;
  } else {
    ahead_[ahead_count_++] = {left, passing};
  }
}

void StreamReader::mark(size_t from, size_t to, Passing passing) {
  if (passing == Passing::kShown) return;
  const ptrdiff_t begin = std::max<ptrdiff_t>(static_cast<ptrdiff_t>(from) - window_shift_, 0);
  const ptrdiff_t end = static_cast<ptrdiff_t>(to) - window_shift_;
  if (begin >= end) return;
  if (passing == Passing::kCovered) payload_->cover(static_cast<size_t>(begin), static_cast<size_t>(end));
  else payload_->hide(static_cast<size_t>(begin), static_cast<size_t>(end));
}

void StreamReader::keep() {
  if (available() > kMaxCarried) lose();
  else kept_ = true;
}

void StreamReader::wait() {
  if (has_gap()) pass(available());
  else keep();
}

void StreamReader::lose() {
  lost_ = true;
  const ptrdiff_t from = std::max<ptrdiff_t>(static_cast<ptrdiff_t>(position_) - window_shift_, 0);
  payload_->withhold(static_cast<size_t>(from));
  position_ = end_;
}

void StreamReader::leave() {
  // What was not captured may hide where the next message begins.
  if (gap_ > 0) lost_ = true;
  if (kept_ && !lost_) carried_.assign(window_ + position_, window_ + end_);
  else if (carried_.capacity() > 0) carried_ = {};
  payload_ = nullptr;
  window_ = nullptr;
  position_ = end_ = 0;
  gap_ = 0;
}

void StreamReader::miss(uint64_t count) {
  size_t done = 0;
  while (done < ahead_count_ && ahead_[done].count <= count) count -= ahead_[done++].count;
  std::copy(ahead_.begin() + static_cast<ptrdiff_t>(done), ahead_.begin() + static_cast<ptrdiff_t>(ahead_count_),
            ahead_.begin());
  ahead_count_ -= done;
  if (ahead_count_ > 0) ahead_[0].count -= count;
  else if (count > 0) restart_lost();
}

void StreamReader::restart() {
  carried_.clear();
  ahead_count_ = 0;
  lost_ = false;
  kept_ = false;
}

}  // namespace spanloom::redaction
