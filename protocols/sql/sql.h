// SPDX-License-Identifier: Apache-2.0
//
// Secrets in SQL text: literals behind the words PASSWORD and IDENTIFIED, connection strings and statements inside literals.
#pragma once

#include <cstddef>

#include "redaction/credentials.h"
#include "redaction/stream-reader.h"

namespace spanloom::redaction {

enum class SqlDialect { kPostgresql, kMysql };

// Whether a backslash in a literal hides the quote behind it: standard_conforming_strings of PostgreSQL,
// NO_BACKSLASH_ESCAPES of MySQL, where the server told them.
enum class Escapes { kUnknown, kNone, kBackslash };

// Covers the secrets of the statement in window bytes [from, to). `is_complete`: the text ends there.
// Returns whether the statement speaks of a password: its parameters may be secrets then.
bool cover_sql(StreamReader& reader, size_t from, size_t to, bool is_complete, SqlDialect dialect, Escapes escapes,
               const Credentials& credentials);

// Covers what a server's error repeats of a statement, in window bytes [from, to): what stands quoted behind a password, and
// connection strings. `was_secret`: the statement spoke of a password, or was not seen; then also a
// literal behind `near`.
void cover_sql_error(StreamReader& reader, size_t from, size_t to, bool is_complete, bool was_secret,
                     const Credentials& credentials);

}  // namespace spanloom::redaction
