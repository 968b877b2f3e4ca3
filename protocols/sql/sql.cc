// SPDX-License-Identifier: Apache-2.0
//
// A lexer that knows what a quote means where it stands: comments, identifiers and the literals of both dialects. Words are
// looked at only outside literals. Where it matters whether a backslash hides a quote and the server has not told, the text is
// read both ways and the secrets of both are covered.
#include "protocols/sql/sql.h"

#include <algorithm>

#include "generated/protocol-tables.h"

namespace spanloom::redaction {
namespace {

constexpr int kMaxDepth = 3;

class SqlReader {
 public:
  SqlReader(StreamReader& reader, size_t end, bool is_complete, SqlDialect dialect, const Credentials& credentials)
      : reader_(reader),
        bytes_(reader.window()),
        end_(end),
        is_complete_(is_complete),
        dialect_(dialect),
        credentials_(credentials),
        covers_all_(credentials.whole().literals) {}

  bool read(size_t from, bool has_escapes, int depth);
  // A backslash stood before a quote.
  bool is_ambiguous() const { return is_ambiguous_; }

 private:
  size_t word(size_t at);
  size_t number(size_t at, size_t end);
  size_t literal(size_t at, bool has_escapes);
  size_t dollar(size_t at, int depth);
  size_t comment(size_t at) const;
  size_t after_line(size_t at) const;
  void inside(size_t from, size_t to, bool is_complete);
  bool is_string_quote(uint8_t byte) const {
    return byte == '\'' || (byte == '"' && dialect_ == SqlDialect::kMysql);
  }

  StreamReader& reader_;
  const uint8_t* const bytes_;
  const size_t end_;
  const bool is_complete_;
  const SqlDialect dialect_;
  const Credentials& credentials_;
  // Every literal is a secret.
  const bool covers_all_;
  // Literals are secrets from here on.
  bool armed_ = false;
  // Between FOR and '=' of SET PASSWORD FOR 'user'@'host' = ...: literals are names.
  bool is_naming_ = false;
  bool follows_password_ = false;
  bool was_armed_ = false;
  bool is_ambiguous_ = false;
};

bool is_secret_word(std::string_view word) {
  for (const std::string_view harmless : kHarmlessPasswordWords)
    if (starts_nocase(word, harmless)) return false;
  if (equal_nocase(word, "identified")) return true;
  for (const std::string_view part : kPasswordWordParts)
    if (contains_nocase(word, part)) return true;
  return false;
}

bool is_quoting(uint8_t byte) { return byte == '\'' || byte == '"' || byte == '\\'; }

// What stands quoted behind PASSWORD or IDENTIFIED in a statement that is quoted itself.
struct Quoted {
  size_t from;
  size_t to;
};

// Whether a quote that touches the word counts: in errors it ends the name of a column or a role.
enum class Touching { kCounts, kIsName };

// The first one at or behind `at`; from == kNone where there is none. Quotes in quotes are doubled or escaped: the run of
// them that opens the text also closes it, and a longer run is within. What is not closed goes to the end.
Quoted quoted_after_password(std::string_view text, size_t at, Touching touching) {
  bool is_armed = false;
  while (at < text.size()) {
    const uint8_t byte = static_cast<uint8_t>(text[at]);
    if (is_word(byte)) {
      size_t end = at;
      while (end < text.size() && is_word(static_cast<uint8_t>(text[end]))) end++;
      const std::string_view word = text.substr(at, end - at);
      is_armed = is_secret_word(word) || (is_armed && (equal_nocase(word, "by") || equal_nocase(word, "as") ||
                                                       equal_nocase(word, "with") || equal_nocase(word, "using")));
      if (touching == Touching::kIsName && end < text.size() && is_quoting(static_cast<uint8_t>(text[end]))) is_armed = false;
      at = end;
      continue;
    }
    if (is_armed && byte == '$') return {at, text.size()};
    if (is_quoting(byte) && is_armed) {
      const auto run_end = [&text](size_t from) {
        while (from < text.size() && is_quoting(static_cast<uint8_t>(text[from]))) from++;
        return from;
      };
      const size_t from = run_end(at);
      const std::string_view opening = text.substr(at, from - at);
      if (opening.size() > 2) return {at, text.size()};
      for (size_t close = from; close < text.size(); close++) {
        if (!is_quoting(static_cast<uint8_t>(text[close]))) continue;
        const size_t end = run_end(close);
        if (text.substr(close, end - close) == opening) return {from, close};
        close = end;
      }
      return {from, text.size()};
    }
    if (!is_space(byte) && byte != '=' && byte != '(' && byte != ':') is_armed = false;
    at++;
  }
  return {kNone, kNone};
}

// Covers all of them in window bytes [from, to); false where there are none.
bool cover_quoted(StreamReader& reader, size_t from, size_t to, Touching touching) {
  const std::string_view text = view(reader.window(), from, to);
  bool has_some = false;
  for (size_t at = 0; at < text.size();) {
    const Quoted secret = quoted_after_password(text, at, touching);
    if (secret.from == kNone) break;
    has_some = true;
    reader.cover(from + secret.from, from + secret.to);
    at = secret.to + 1;
  }
  return has_some;
}

bool SqlReader::read(size_t from, bool has_escapes, int depth) {
  size_t at = from;
  while (at < end_) {
    const uint8_t byte = bytes_[at];
    const uint8_t next = at + 1 < end_ ? bytes_[at + 1] : 0;
    if (is_word(byte)) {
      at = word(at);
    } else if (is_string_quote(byte)) {
      const bool is_extended = at > from && lower(bytes_[at - 1]) == 'e' && (at < from + 2 || !is_word(bytes_[at - 2]));
      at = literal(at, has_escapes || (is_extended && dialect_ == SqlDialect::kPostgresql));
    } else if (byte == '"' || byte == '`') {
      const size_t begin = at + 1;
      at = begin;
      while (at < end_ && bytes_[at] != byte) at++;
      if (is_secret_word(view(bytes_, begin, at))) armed_ = was_armed_ = true;
      at++;
    } else if (byte == '$' && dialect_ == SqlDialect::kPostgresql) {
      at = dollar(at, depth);
    } else if (byte == '-' && next == '-') {
      at = after_line(at);
    } else if (byte == '#' && dialect_ == SqlDialect::kMysql) {
      at = after_line(at);
    } else if (byte == '/' && next == '*') {
      at = comment(at);
    } else {
      if (byte == ';') armed_ = is_naming_ = false;
      if (byte == '=') is_naming_ = false;
      if (!is_space(byte)) follows_password_ = false;
      at++;
    }
  }
  return was_armed_;
}

// A word or a number; returns where it ends.
size_t SqlReader::word(size_t at) {
  size_t end = at;
  while (end < end_ && (is_word(bytes_[end]) || bytes_[end] == '$')) end++;
  const std::string_view text = view(bytes_, at, end);
  if (is_digit(bytes_[at])) {
    if (covers_all_) end = number(at, end);
    // A literal in hexadecimal: 0x2a...
    else if (armed_ && !is_naming_ && text.size() > 2 && lower(bytes_[at + 1]) == 'x') reader_.cover(at + 2, end);
  } else if (is_secret_word(text)) {
    armed_ = was_armed_ = true;
    is_naming_ = false;
    follows_password_ = equal_nocase(text, "password");
    return end;
  } else if (equal_nocase(text, "valid")) {
    armed_ = false;  // VALID UNTIL '...'
  } else if (follows_password_ && equal_nocase(text, "for")) {
    is_naming_ = true;
  }
  follows_password_ = false;
  return end;
}

// A number whose first word ends at `end`, with its fraction and its exponent; returns where it ends. One digit stays: it says
// next to nothing, and a single '*' is an operator.
size_t SqlReader::number(size_t at, size_t end) {
  const auto goes_on = [this](size_t place) {
    const uint8_t byte = bytes_[place];
    if (is_word(byte) || byte == '.') return true;
    return (byte == '-' || byte == '+') && lower(bytes_[place - 1]) == 'e' && is_digit(bytes_[place - 2]);
  };
  const bool is_hexadecimal = end - at > 1 && lower(bytes_[at + 1]) == 'x';
  while (!is_hexadecimal && end < end_ && goes_on(end)) end++;
  // One at the end of what is there may go on.
  if (end - at > 1 || (end == end_ && !is_complete_)) reader_.cover(at, end);
  return end;
}

// A literal whose opening quote is at `at`; returns where it ends.
size_t SqlReader::literal(size_t at, bool has_escapes) {
  const uint8_t quote = bytes_[at];
  const size_t text = at + 1;
  size_t close = text;
  while (close < end_) {
    if (bytes_[close] == '\\') {
      if (close + 1 >= end_ || bytes_[close + 1] == quote || bytes_[close + 1] == '\\') is_ambiguous_ = true;
      close += has_escapes ? 2 : 1;
    } else if (bytes_[close] == quote) {
      if (close + 1 >= end_ || bytes_[close + 1] != quote) break;
      close += 2;
    } else {
      close++;
    }
  }
  const bool is_closed = close < end_;
  close = std::min(close, end_);
  follows_password_ = false;
  if (covers_all_ || (armed_ && !is_naming_)) reader_.cover(text, close);
  else inside(text, close, is_closed || is_complete_);
  return close + 1;
}

// $tag$ ... $tag$, or a parameter; returns where it ends.
size_t SqlReader::dollar(size_t at, int depth) {
  size_t tag_end = at + 1;
  while (tag_end < end_ && is_word(bytes_[tag_end])) tag_end++;
  if (tag_end >= end_ || bytes_[tag_end] != '$' || is_digit(bytes_[at + 1])) return tag_end;
  const size_t text = tag_end + 1;
  const std::string_view tag = view(bytes_, at, text);
  const size_t found = view(bytes_, text, end_).find(tag);
  const size_t close = found == std::string_view::npos ? end_ : text + found;
  if (covers_all_ || (armed_ && !is_naming_)) {
    reader_.cover(text, close);
  } else if (depth < kMaxDepth) {
    // The body of a function or a DO block.
    SqlReader body(reader_, close, close < end_ || is_complete_, dialect_, credentials_);
    was_armed_ = body.read(text, false, depth + 1) || was_armed_;
  }
  return std::min(close + tag.size(), end_);
}

// Comments of PostgreSQL nest. /*! ... */ of MySQL is code: only its beginning is skipped.
size_t SqlReader::comment(size_t at) const {
  if (dialect_ == SqlDialect::kMysql && at + 2 < end_ && (bytes_[at + 2] == '!' || bytes_[at + 2] == 'M')) {
    // Behind it is the version that runs it.
    for (at += 3; at < end_ && (is_digit(bytes_[at]) || bytes_[at] == '!');) at++;
    return at;
  }
  int depth = 0;
  while (at + 1 < end_) {
    if (bytes_[at] == '/' && bytes_[at + 1] == '*' && (depth == 0 || dialect_ == SqlDialect::kPostgresql)) {
      depth++;
      at += 2;
    } else if (bytes_[at] == '*' && bytes_[at + 1] == '/') {
      at += 2;
      if (--depth <= 0) return at;
    } else {
      at++;
    }
  }
  return end_;
}

size_t SqlReader::after_line(size_t at) const {
  while (at < end_ && bytes_[at] != '\n') at++;
  return at;
}

// The text of a literal that is no secret by itself: a connection string, a URL, or a statement that will be executed.
void SqlReader::inside(size_t from, size_t to, bool is_complete) {
  credentials_.cover_connection_string(reader_, from, to, is_complete);
  was_armed_ = cover_quoted(reader_, from, to, Touching::kCounts) || was_armed_;
}

}  // namespace

bool cover_sql(StreamReader& reader, size_t from, size_t to, bool is_complete, SqlDialect dialect, Escapes escapes,
               const Credentials& credentials) {
  const bool has_escapes =
      escapes == Escapes::kUnknown ? dialect == SqlDialect::kMysql : escapes == Escapes::kBackslash;
  SqlReader first(reader, to, is_complete, dialect, credentials);
  bool is_secret = first.read(from, has_escapes, 0);
  if (first.is_ambiguous() && escapes == Escapes::kUnknown) {
    SqlReader second(reader, to, is_complete, dialect, credentials);
    is_secret = second.read(from, !has_escapes, 0) || is_secret;
  }
  return is_secret || credentials.whole().literals;
}

void cover_sql_error(StreamReader& reader, size_t from, size_t to, bool is_complete, bool was_secret,
                     const Credentials& credentials) {
  credentials.cover_connection_string(reader, from, to, is_complete);
  cover_quoted(reader, from, to, Touching::kIsName);
  if (credentials.whole().literals) {
    // `Duplicate entry 'bob' for key`, `Key (name)=(bob) already exists`: where a value ends depends on the message.
    const size_t first = view(reader.window(), from, to).find_first_of("'\"`(=:");
    if (first != std::string_view::npos) reader.cover(from + first + 1, to);
    return;
  }
  if (!was_secret) return;
  const std::string_view text = view(reader.window(), from, to);
  const size_t near = text.find("near ");
  if (near == std::string_view::npos || near + 6 >= text.size()) return;
  // The quotes around it stay; a literal has some of its own.
  const size_t begin = near + 6;
  size_t end = text.size();
  while (is_complete && end > begin && !is_quoting(static_cast<uint8_t>(text[end - 1]))) end--;
  if (is_complete && end > begin) end--;
  const std::string_view repeated = text.substr(begin, end - begin);
  if (!is_complete || repeated.find_first_of("'\"") != std::string_view::npos) reader.cover(from + begin, from + end);
}

}  // namespace spanloom::redaction
