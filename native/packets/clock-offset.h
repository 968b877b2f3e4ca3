// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace spanloom::packets {

// How far the wall clock, by which the kernel stamps packets, is ahead of CLOCK_MONOTONIC. NTP slews both alike, so that changes only
// when the wall clock is set. A reading during which the thread had to wait says little: it must not move the packets of one ring
// against those of another, which would change the order of the hops of a call.
class ClockOffset {
 public:
  // The wall clock said `wall_ns` at some time from `before_ns` to `after_ns` of CLOCK_MONOTONIC.
  void observe(int64_t before_ns, int64_t wall_ns, int64_t after_ns) {
    const int64_t least = wall_ns - after_ns;
    const int64_t most = wall_ns - before_ns;
    ahead_ns_ = is_known_ ? std::clamp(ahead_ns_, least, most) : least + (most - least) / 2;
    is_known_ = true;
  }

  int64_t ahead_ns() const { return ahead_ns_; }

 private:
  int64_t ahead_ns_ = 0;
  bool is_known_ = false;
};

}  // namespace spanloom::packets
