// SPDX-License-Identifier: Apache-2.0
//
// Query attributes of MySQL 8.0.23 and later (dev.mysql.com, CLIENT_QUERY_ATTRIBUTES): named values before the text of a
// COM_QUERY. The same as protocols/mysql/mysql-query-attributes.ts.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spanloom::redaction {

// Whether client and server agreed on query attributes, as far as their handshake was seen.
enum class Agreed : uint8_t { kUnknown, kNo, kYes };

// Where the text of a COM_QUERY begins whose argument stands in [from, end); kNone when that was not captured.
size_t behind_query_attributes(const uint8_t* bytes, size_t from, size_t end, Agreed agreed);

}  // namespace spanloom::redaction
