// SPDX-License-Identifier: Apache-2.0
#include "payload.h"

#include <algorithm>
#include <cstring>

namespace spanloom::redaction {

size_t Payload::finish(std::vector<Range>& ranges) {
  ranges.clear();
  if (covered_.empty() && hidden_.empty() && sent_ == captured_) return sent_;

  const auto by_offset = [](const Range& left, const Range& right) { return left.offset < right.offset; };
  std::sort(hidden_.begin(), hidden_.end(), by_offset);
  for (auto range = hidden_.rbegin(); range != hidden_.rend() && range->offset + range->length >= sent_; range++)
    sent_ = std::min<size_t>(sent_, range->offset);

  covered_.insert(covered_.end(), hidden_.begin(), hidden_.end());
  std::sort(covered_.begin(), covered_.end(), by_offset);
  for (const Range& range : covered_) {
    if (range.offset >= sent_) break;
    const size_t end = std::min<size_t>(range.offset + range.length, sent_);
    std::memset(bytes_ + range.offset, '*', end - range.offset);
    if (ranges.empty() || ranges.back().offset + ranges.back().length < range.offset) {
      ranges.push_back({range.offset, static_cast<uint32_t>(end - range.offset)});
    } else {
      Range& last = ranges.back();
      last.length = std::max<uint32_t>(last.length, static_cast<uint32_t>(end) - last.offset);
    }
  }
  if (sent_ < captured_) {
    std::memset(bytes_ + sent_, 0, captured_ - sent_);
    ranges.push_back({static_cast<uint32_t>(sent_), static_cast<uint32_t>(captured_ - sent_)});
  }
  return sent_;
}

}  // namespace spanloom::redaction
