// SPDX-License-Identifier: Apache-2.0
//
// Secrets in SQL text: literals behind the words PASSWORD and IDENTIFIED, connection strings and statements inside literals.
#pragma once

#include <cstddef>

#include "credentials.h"
#include "stream-reader.h"

namespace spanloom::redaction {

enum class SqlDialect { kPostgresql, kMysql };

// Covers the secrets of the statement in window bytes [from, to). `is_complete`: the text ends there.
// Returns whether the statement speaks of a password: its parameters may be secrets then.
bool cover_sql(StreamReader& reader, size_t from, size_t to, bool is_complete, SqlDialect dialect,
               const Credentials& credentials);

}  // namespace spanloom::redaction
