// SPDX-License-Identifier: Apache-2.0
//
// Overwrites secrets in captured payload prefixes with '*', before anything leaves the host. Length is kept, so that
// dissectors still find their framing. Knows nothing of N-API. The reference is collector/redaction/redact.ts; a
// property test holds both to the same output. The rules are described there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace spanloom {

// Direction of a call as the capture names it; the values select the half of a socket's state word.
enum class PayloadDirection : uint8_t { kIngress = 0, kEgress = 1 };

// Redacts payloads. Immutable after create() and safe to use from several threads; what it must remember of a socket is
// in the caller's hands.
class Redactor {
 public:
  // Compiles the configured patterns (RE2 syntax, matched over bytes as Latin-1).
  // Returns nullptr and sets `error` to one sentence when a pattern is not valid.
  static std::unique_ptr<Redactor> create(const std::vector<std::string>& patterns, std::string& error);

  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Overwrites secrets in the first `captured` bytes of one call that moved `length` bytes (length >= captured).
  //
  // `socket_state` carries over what a call left unfinished: a header value or login that continues in the next call of
  // the same direction. The caller keeps one word per socket, 0 at first, and passes it to every call of that socket in
  // order, also to calls with captured == 0 (their bytes are counted). A word of 0 need not be kept; a word that was
  // dropped (map full, socket closed) only means that an unfinished value is not recognised as such.
  // For TLS plaintext use a word of its own, not that of the ciphertext.
  //
  // Linear in `captured`: 50 to 350 ns for a payload without secrets (512 bytes of header lines take longest).
  void redact(uint8_t* bytes, size_t captured, uint64_t length, PayloadDirection direction,
              uint64_t& socket_state) const;

 private:
  explicit Redactor(std::vector<std::unique_ptr<re2::RE2>> patterns);
  void redact_patterns(uint8_t* bytes, size_t captured) const;

  std::vector<std::unique_ptr<re2::RE2>> patterns_;
};

}  // namespace spanloom
