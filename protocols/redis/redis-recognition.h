// SPDX-License-Identifier: Apache-2.0
//
// How Redis is told by the first bytes of a message: the same as protocols/redis/redis.ts.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/protocol-tables.h"
#include "redaction/protocol.h"

namespace spanloom::redaction {

inline constexpr uint16_t kRedisPort = kRedisPorts[0];

// A length or a count and its CRLF.
struct RespNumber {
  bool is_complete;
  // As far as it goes, where it is not complete.
  bool is_valid;
  int64_t value;
  size_t next;
};

// The number behind the type at `from`.
RespNumber resp_number(const uint8_t* bytes, size_t from, size_t end);

// An inline command that Redis knows begins here, blank lines skipped.
bool begins_inline_command(const uint8_t* bytes, size_t end);

Recognition recognise_redis(const uint8_t* bytes, size_t size, const Hints& hints);

}  // namespace spanloom::redaction
