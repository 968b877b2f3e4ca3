// SPDX-License-Identifier: Apache-2.0
#include "credentials.h"

#include <algorithm>
#include <array>

#include "generated/protocol-tables.h"

namespace spanloom::redaction {
namespace {

constexpr size_t kMaxNameBytes = 64;

// A name in lower case, percent escapes resolved, '-' and '.' as '_'.
class Name {
 public:
  explicit Name(std::string_view raw) {
    for (size_t at = 0; at < raw.size() && size_ < kMaxNameBytes; at++) {
      uint8_t byte = static_cast<uint8_t>(raw[at]);
      if (byte == '%' && at + 2 < raw.size()) {
        const uint8_t high = hex_digit(raw[at + 1]);
        const uint8_t low = hex_digit(raw[at + 2]);
        if (high < 16 && low < 16) {
          byte = static_cast<uint8_t>(high << 4 | low);
          at += 2;
        }
      }
      byte = lower(byte);
      // Servers drop blanks in front of a name, and '+' is one.
      if (size_ == 0 && (byte == '+' || byte == ' ')) continue;
      bytes_[size_++] = static_cast<char>(byte == '-' || byte == '.' ? '_' : byte);
    }
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kMaxNameBytes> bytes_;
  size_t size_ = 0;
};

// Ends an authority.
bool ends_authority(uint8_t byte) {
  return byte == '/' || byte == '?' || byte == '#' || byte == '"' || byte == '\'' || byte == '<' || byte == '>' ||
         byte <= ' ';
}

// Ends the value of a parameter.
bool ends_value(uint8_t byte) {
  return byte == '&' || byte == ';' || byte == '#' || byte == '"' || byte == '\'' || byte == '<' || byte == '>' ||
         byte <= ' ';
}

bool begins_parameter(uint8_t byte) { return byte == '?' || byte == '&' || byte == '#' || byte == ';'; }

// Bytes at which a URL may have something to cover.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> stops{};
  for (const char stop : {':', '?', '&', '#', ';'}) stops[static_cast<uint8_t>(stop)] = true;
  return stops;
}();

bool is_name_byte(uint8_t byte) {
  return is_word(byte) || byte == '-' || byte == '.' || byte == '%' || byte == '[' || byte == ']' || byte == '+';
}

}  // namespace

void NameSet::add(std::string_view name) {
  if (by_size_.size() <= name.size()) by_size_.resize(name.size() + 1);
  by_size_[name.size()].emplace_back(name);
}

bool NameSet::holds(std::string_view name) const {
  if (name.size() >= by_size_.size()) return false;
  const std::vector<std::string>& names = by_size_[name.size()];
  return std::find(names.begin(), names.end(), name) != names.end();
}

Credentials::Credentials(const CredentialNames& names) : whole_(names.whole) {
  for (const std::string_view name : kKeptHeaders) kept_headers_.add(name);
  for (const std::string_view name : kCredentialHeaders) headers_.add(name);
  for (const std::string_view name : kCredentialParameters) parameters_.add(name);
  for (const std::string& name : names.headers) headers_.add(Name(name).text());
  for (const std::string& name : names.parameters) parameters_.add(Name(name).text());
  for (const std::string_view ending : kCredentialEndings) endings_[static_cast<uint8_t>(ending.back())].push_back(ending);
}

bool Credentials::has_credential_ending(std::string_view name) const {
  if (name.empty()) return false;
  for (const std::string_view ending : endings_[static_cast<uint8_t>(name.back())])
    if (name.size() >= ending.size() && name.substr(name.size() - ending.size()) == ending) return true;
  return false;
}

// A key of a connection string.
bool Credentials::is_password_key(std::string_view raw) const {
  const Name name(raw);
  return has_credential_ending(name.text()) || name.text() == "pwd" || name.text() == "pass";
}

bool Credentials::is_header(std::string_view raw) const {
  const Name name(raw);
  if (has_credential_ending(name.text()) || headers_.holds(name.text())) return true;
  return whole_.headers && !kept_headers_.holds(name.text());
}

bool Credentials::is_parameter(std::string_view raw) const {
  if (whole_.parameters) return true;
  const Name name(raw);
  const std::string_view text = name.text();
  // A form field of an object or a list: user[password], password[], token[0].
  const size_t open = text.rfind('[');
  if (open != std::string_view::npos && text.back() == ']')
    return is_parameter(text.substr(0, open)) || is_parameter(text.substr(open + 1, text.size() - open - 2));
  return has_credential_ending(text) || parameters_.holds(text);
}

void Credentials::cover_urls(StreamReader& reader, size_t from, size_t to, bool is_complete) const {
  const uint8_t* bytes = reader.window();
  for (size_t at = from; at < to;) {
    const uint8_t byte = bytes[at];
    if (!kStops[byte]) {
      at++;
    } else if (byte == ':' && at + 2 < to && bytes[at + 1] == '/' && bytes[at + 2] == '/') {
      at = cover_authority(reader, at + 3, to, is_complete);
    } else if (begins_parameter(byte)) {
      at = cover_parameter(reader, at + 1, to, byte == ';' || byte == '#');
    } else {
      at++;
    }
  }
}

// Returns where the authority ends.
size_t Credentials::cover_authority(StreamReader& reader, size_t from, size_t to, bool is_complete) const {
  const uint8_t* bytes = reader.window();
  size_t end = from;
  size_t colon = kNone;
  size_t at_sign = kNone;
  for (; end < to && !ends_authority(bytes[end]); end++) {
    if (bytes[end] == ':' && colon == kNone) colon = end;
    // The last one counts: passwords may hold others.
    if (bytes[end] == '@') at_sign = end;
  }
  if (end == to && !is_complete) {
    // More may follow, also another '@'.
    if (colon != kNone) reader.cover(colon + 1, to);
    else if (to - from >= kLeastTokenBytes) reader.cover(from, to);
  } else if (at_sign != kNone) {
    if (colon < at_sign) reader.cover(colon + 1, at_sign);
    else if (at_sign - from >= kLeastTokenBytes) reader.cover(from, at_sign);
  }
  return end;
}

// Covers the value if the name asks for it; returns where to go on. `has_value`: what has no '=' is no parameter.
size_t Credentials::cover_parameter(StreamReader& reader, size_t from, size_t to, bool has_value) const {
  const uint8_t* bytes = reader.window();
  size_t name_end = from;
  while (name_end < to && name_end - from <= kMaxNameBytes && is_name_byte(bytes[name_end])) name_end++;
  const bool has_name = name_end < to && bytes[name_end] == '=';
  if (!has_name && (has_value || !whole_.parameters)) return name_end;
  const size_t value = has_name ? name_end + 1 : from;
  if (!is_parameter(view(bytes, from, name_end))) return value;
  size_t end = value;
  while (end < to && !ends_value(bytes[end])) end++;
  reader.cover(value, end);
  return end;
}

void Credentials::cover_connection_string(StreamReader& reader, size_t from, size_t to, bool is_complete) const {
  const uint8_t* bytes = reader.window();
  for (size_t at = from; at < to; at++) {
    if (bytes[at] != '=') continue;
    size_t name_end = at;
    while (name_end > from && is_space(bytes[name_end - 1])) name_end--;
    size_t name = name_end;
    while (name > from && (is_word(bytes[name - 1]) || bytes[name - 1] == '-')) name--;
    if (name == name_end || !is_password_key(view(bytes, name, name_end))) continue;
    size_t value = at + 1;
    while (value < to && is_space(bytes[value])) value++;
    const uint8_t quote = value < to ? bytes[value] : 0;
    if (quote == '\'' || quote == '"' || quote == '\\' || quote == '{') {
      // Where a quoted value ends depends on what it is quoted in: everything to the end of the text.
      reader.cover(value, to);
      return;
    }
    size_t end = value;
    while (end < to && !is_space(bytes[end]) && bytes[end] != ';' && bytes[end] != '&' && bytes[end] != '\'') end++;
    reader.cover(value, end);
    at = end == to ? to : end - 1;
  }
  const size_t url = view(bytes, from, to).find("://");
  if (url != std::string_view::npos) cover_urls(reader, from + url, to, is_complete);
}

}  // namespace spanloom::redaction
