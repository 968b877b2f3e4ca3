// SPDX-License-Identifier: Apache-2.0
#include "redact-call.h"

#include <array>

namespace spanloom::redaction {

namespace {

constexpr std::array<std::string_view, 4> kHeaderNames = {"authorization", "cookie", "proxy-authorization",
                                                          "set-cookie"};

constexpr size_t kLongestMethod = 24;

}  // namespace

// Overwrites up to the end of the line and returns the position of its LF, kNone when the line is not finished here.
size_t Call::cover_line(size_t from) {
  const size_t newline = find('\n', from, captured_);
  size_t end = newline == kNone ? captured_ : newline;
  if (end > from && bytes_[end - 1] == '\r') end--;
  cover(from, end);
  return newline;
}

// A status line, or a method of any name before something that looks like an HTTP target.
bool Call::looks_like_start(size_t at) const {
  if (starts(at, "HTTP/1.") || starts(at, "CONNECT ")) return true;
  size_t end = at;
  while (end < captured_ && ((bytes_[end] >= 'A' && bytes_[end] <= 'Z') || bytes_[end] == '-')) end++;
  if (end - at < 3 || end - at > kLongestMethod || captured_ - end < 2 || bytes_[end] != ' ') return false;
  return bytes_[end + 1] == '/' || bytes_[end + 1] == '*' || starts(end + 1, "http");
}

// A request or status line; of a line that the call cuts the beginning decides.
bool Call::is_start_line(size_t at, size_t end, bool complete) const {
  if (!complete) return looks_like_start(at);
  if (starts(at, "HTTP/1.")) return true;
  if (end > at && bytes_[end - 1] == '\r') end--;
  return end - at >= 9 && std::memcmp(bytes_ + end - 9, " HTTP/1.", 8) == 0;
}

// Matches the rest of a header name and its colon. Returns where the value begins; kNone when it is another header, or
// when the call ends first: then `matched` is the number of characters matched so far, else 0.
size_t Call::match_header(size_t at, size_t name, size_t& matched) const {
  const std::string_view text = kHeaderNames[name];
  while (at < captured_ && matched < text.size() && lower(bytes_[at]) == static_cast<uint8_t>(text[matched])) {
    at++;
    matched++;
  }
  if (matched == text.size())
    while (at < captured_ && is_blank(bytes_[at])) at++;
  if (at == captured_) return kNone;
  if (matched < text.size() || bytes_[at] != ':') {
    matched = 0;
    return kNone;
  }
  return at + 1;
}

uint32_t Call::redact_headers(size_t from, uint32_t state) {
  const Kind kind = static_cast<Kind>(state >> 28);
  bool open = kind == kHeaderGap || kind == kHeaderOpen || (kind != kIdle && (state & kOpen) != 0);
  bool after_secret = kind == kHeaderFolded;
  // Every call is taken to begin a line, except that its first LF makes no blank line when it ends a line.
  const bool mid_line = kind == kHeaderName || (kind == kHeaderOpen && (state & kLineStart) == 0);
  size_t at = from;
  size_t name = 0;
  size_t matched = 0;
  bool unfinished_value = false;

  const auto cover_value = [&](size_t value) {
    while (value < captured_ && is_blank(bytes_[value])) value++;
    const size_t newline = cover_line(value);
    unfinished_value = newline == kNone;
    after_secret = !unfinished_value;
    at = unfinished_value ? captured_ : newline + 1;
  };

  if (at < captured_) {
    if (kind == kHeaderName) {
      name = (state >> 8) & 0xff;
      matched = state & 0xff;
      const size_t value = match_header(at, name, matched);
      if (value != kNone) {
        matched = 0;
        cover_value(value);
      } else if (matched > 0) {
        at = captured_;
      }
    } else if (kind == kHeaderValue) {
      cover_value(at);
    } else if (kind == kHeaderGap) {
      if (looks_like_start(at))
        open = false;
      else
        cover_value(at);
      // An unknown line that goes on stays unknown, whether or not bytes are missing.
      if (unfinished_value) return make_state(kHeaderGap);
    }
  } else {
    // Nothing is left to read; a gap inside an open head hides the end of the line.
    if (!has_gap()) return state;
    return open ? make_state(kHeaderGap) : kIdle;
  }

  while (at < captured_) {
    const uint8_t first = bytes_[at];
    if (after_secret && is_blank(first)) {
      cover_value(at);
      continue;
    }
    after_secret = false;
    if (first == '\n' || (first == '\r' && at + 1 < captured_ && bytes_[at + 1] == '\n')) {
      if (!mid_line || at > from) open = false;
      at += first == '\n' ? 1 : 2;
      continue;
    }
    matched = 0;
    name = 0;
    while (name < kHeaderNames.size() && static_cast<uint8_t>(kHeaderNames[name][0]) != lower(first)) name++;
    if (name < kHeaderNames.size()) {
      const size_t value = match_header(at, name, matched);
      if (value != kNone) {
        matched = 0;
        cover_value(value);
        continue;
      }
      if (matched > 0) break;
    }
    const size_t newline = find('\n', at, captured_);
    if (is_start_line(at, newline == kNone ? captured_ : newline, newline != kNone)) open = true;
    if (newline == kNone) break;
    at = newline + 1;
  }

  const uint32_t flag = open ? kOpen : 0;
  if (has_gap()) return open ? make_state(kHeaderGap) : kIdle;
  if (unfinished_value) return make_state(kHeaderValue, flag);
  if (matched > 0) return make_state(kHeaderName, flag | static_cast<uint32_t>(name << 8 | matched));
  if (after_secret) return make_state(kHeaderFolded, flag);
  return open ? make_state(kHeaderOpen, at == captured_ ? kLineStart : 0) : kIdle;
}

}  // namespace spanloom::redaction
