// SPDX-License-Identifier: Apache-2.0
#include "block.h"

#include <algorithm>
#include <cstring>

namespace spanloom {

uint8_t* Bytes::reserve(size_t count) {
  if (size_ + count > capacity_) {
    const size_t capacity = std::max(size_ + count, capacity_ * 2);
    std::unique_ptr<uint8_t[]> larger(new uint8_t[capacity]);
    if (size_ > 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = capacity;
  }
  return data_.get() + size_;
}

uint8_t* Bytes::release() {
  size_ = 0;
  capacity_ = 0;
  return data_.release();
}

}  // namespace spanloom
