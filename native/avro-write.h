// SPDX-License-Identifier: Apache-2.0
//
// Avro binary encoding (Avro 1.11, "Binary Encoding"). Each function writes at `out`, where the caller has made room, and
// returns the place behind what it wrote.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace spanloom {

static_assert(std::endian::native == std::endian::little);

// Avro's int and long are the same: zigzag, then seven bits a byte, lowest first. May write eight bytes whatever it uses.
inline uint8_t* write_long(uint8_t* out, int64_t value) {
  uint64_t rest = (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
  if (rest < 0x80) {
    *out = static_cast<uint8_t>(rest);
    return out + 1;
  }
  if (rest >> 56 == 0) {
    // All bytes at once, as ids have eight: halves of 28 bits, quarters of 14, then sevens move to bytes of their own.
    const int bytes = (70 - std::countl_zero(rest)) / 7;
    rest = (rest & 0x000000000fffffff) | (rest & 0x00fffffff0000000) << 4;
    rest = (rest & 0x00003fff00003fff) | (rest & 0x0fffc0000fffc000) << 2;
    rest = (rest & 0x007f007f007f007f) | (rest & 0x3f803f803f803f80) << 1;
    rest |= 0x8080808080808080 & ((uint64_t{1} << (8 * (bytes - 1))) - 1);
    std::memcpy(out, &rest, sizeof(rest));
    return out + bytes;
  }
  while (rest > 0x7f) {
    *out++ = static_cast<uint8_t>(rest) | 0x80;
    rest >>= 7;
  }
  *out++ = static_cast<uint8_t>(rest);
  return out;
}

inline uint8_t* write_bytes(uint8_t* out, const void* bytes, size_t count) {
  out = write_long(out, static_cast<int64_t>(count));
  std::memcpy(out, bytes, count);
  return out + count;
}

inline uint8_t* write_boolean(uint8_t* out, bool value) {
  *out = value ? 1 : 0;
  return out + 1;
}

}  // namespace spanloom
