// SPDX-License-Identifier: Apache-2.0
//
// Names that stand before credentials, and credentials in URLs and in connection strings. Lists: protocols/credential-names.ts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "stream-reader.h"
#include "text.h"

namespace spanloom::redaction {

// Values that are covered whatever they are called.
struct WholeKinds {
  // Of parameters in URLs.
  bool parameters = false;
  // Of header fields, but for those of kKeptHeaders.
  bool headers = false;
  // Literals and parameters of SQL, and what errors repeat of them.
  bool literals = false;
  // Arguments of Redis and what it answers, values of Memcached.
  bool arguments = false;
};

// The configured names, beside the built-in ones. Lower case; '-', '.' and '_' are the same.
struct CredentialNames {
  std::vector<std::string> headers;
  std::vector<std::string> parameters;
  WholeKinds whole;
};

// A set of names, found by their length.
class NameSet {
 public:
  void add(std::string_view name);
  bool holds(std::string_view name) const;

 private:
  std::vector<std::vector<std::string>> by_size_;
};

class Credentials {
 public:
  explicit Credentials(const CredentialNames& names);

  // The value of a header field of this name is a credential.
  bool is_header(std::string_view name) const;
  // The value of a parameter of this name, in a query, a form or a connection string, is a credential.
  bool is_parameter(std::string_view name) const;
  // Whose values are all covered.
  const WholeKinds& whole() const { return whole_; }

  // Covers passwords in URLs (`scheme://user:password@host`), and the values of parameters behind `?`, `&`, `#` and `;`, in
  // window bytes [from, to). `is_complete`: the text ends at `to`; else what may become a password is covered too.
  void cover_urls(StreamReader& reader, size_t from, size_t to, bool is_complete) const;

  // Covers `password=...` and its kind in a connection string.
  void cover_connection_string(StreamReader& reader, size_t from, size_t to, bool is_complete) const;

 private:
  size_t cover_authority(StreamReader& reader, size_t from, size_t to, bool is_complete) const;
  size_t cover_parameter(StreamReader& reader, size_t from, size_t to, bool has_value) const;
  bool has_credential_ending(std::string_view name) const;
  bool is_password_key(std::string_view raw) const;

  const WholeKinds whole_;
  NameSet headers_;
  NameSet parameters_;
  NameSet kept_headers_;
  // Endings of names, by their last byte.
  std::array<std::vector<std::string_view>, 256> endings_;
};

// A value as long and as mixed as generated tokens are.
inline constexpr size_t kLeastTokenBytes = 20;

}  // namespace spanloom::redaction
