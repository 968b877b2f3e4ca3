// SPDX-License-Identifier: Apache-2.0
#include "protocols/mysql/mysql-query-attributes.h"

#include <vector>

#include "redaction/text.h"

namespace spanloom::redaction {
namespace {

constexpr uint64_t kMaxParameters = 65535;

// A length-encoded integer; `next` is kNone when it is cut off or none.
struct Encoded {
  uint64_t value;
  size_t next;
};

Encoded length_encoded(const uint8_t* bytes, size_t at, size_t end) {
  if (at >= end) return {0, kNone};
  const uint8_t first = bytes[at];
  if (first < 0xfb) return {first, at + 1};
  const size_t count = first == 0xfc ? 2 : first == 0xfd ? 3 : first == 0xfe ? 8 : 0;
  if (count == 0 || end - at - 1 < count) return {0, kNone};
  uint64_t value = 0;
  for (size_t index = count; index > 0; index--) value = value << 8 | bytes[at + index];
  return {value, at + 1 + count};
}

// Bytes of values of fixed size; kNone for those that have their length before them.
size_t fixed_bytes(uint8_t type) {
  switch (type) {
    case 0x06:  // NULL
      return 0;
    case 0x01:  // TINY
    case 0xf4:  // BOOL
      return 1;
    case 0x02:  // SHORT
    case 0x0d:  // YEAR
      return 2;
    case 0x03:  // LONG
    case 0x04:  // FLOAT
    case 0x09:  // INT24
      return 4;
    case 0x05:  // DOUBLE
    case 0x08:  // LONGLONG
      return 8;
    default:
      return kNone;
  }
}

// A bitmap of nulls, types with names, values.
size_t behind_parameters(const uint8_t* bytes, size_t nulls, size_t end, uint64_t count) {
  size_t at = nulls + static_cast<size_t>((count + 7) / 8);
  // Without new types, those of an earlier execution hold, and the values cannot be told apart.
  if (at >= end || bytes[at] != 1) return kNone;
  at++;
  std::vector<uint8_t> types;
  for (uint64_t index = 0; index < count; index++) {
    if (end - at < 3) return kNone;
    types.push_back(bytes[at]);
    const Encoded name = length_encoded(bytes, at + 2, end);
    if (name.next == kNone || name.value > end - name.next) return kNone;
    at = name.next + static_cast<size_t>(name.value);
  }
  for (uint64_t index = 0; index < count; index++) {
    if ((bytes[nulls + index / 8] & (1 << (index % 8))) != 0) continue;
    const size_t fixed = fixed_bytes(types[index]);
    if (fixed != kNone) {
      if (fixed > end - at) return kNone;
      at += fixed;
      continue;
    }
    const Encoded value = length_encoded(bytes, at, end);
    if (value.next == kNone || value.value > end - value.next) return kNone;
    at = value.next + static_cast<size_t>(value.value);
  }
  return at;
}

}  // namespace

size_t behind_query_attributes(const uint8_t* bytes, size_t from, size_t end, Agreed agreed) {
  if (agreed == Agreed::kNo) return from;
  const Encoded count = length_encoded(bytes, from, end);
  if (count.next == kNone) return from < end && bytes[from] < 0xfb && agreed == Agreed::kUnknown ? from : kNone;
  // There is always one set of values; no statement has the byte 1 as its second character.
  if (count.next >= end) return agreed == Agreed::kYes ? kNone : from;
  if (bytes[count.next] != 1) return agreed == Agreed::kYes ? kNone : from;
  if (count.value == 0) return count.next + 1;
  if (count.value > kMaxParameters) return kNone;
  return behind_parameters(bytes, count.next + 1, end, count.value);
}

}  // namespace spanloom::redaction
