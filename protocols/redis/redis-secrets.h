// SPDX-License-Identifier: Apache-2.0
//
// Which arguments of Redis commands, and which values of replies, are secrets.
#pragma once

#include <cstdint>
#include <string_view>

#include "redaction/text.h"

namespace spanloom::redaction {

enum class Command : uint8_t { kUnknown, kOther, kAuth, kHello, kMigrate, kConfig, kAcl, kSentinel, kModule };

// Words of replies that say what a reply is. What follows them may be a value.
inline bool is_reply_word(std::string_view word) {
  return ends_nocase(word, "message") || ends_nocase(word, "subscribe") || equal_nocase(word, "proto");
}

inline Command command_of(std::string_view name) {
  if (equal_nocase(name, "auth")) return Command::kAuth;
  if (equal_nocase(name, "hello")) return Command::kHello;
  if (equal_nocase(name, "migrate")) return Command::kMigrate;
  if (equal_nocase(name, "config")) return Command::kConfig;
  if (equal_nocase(name, "acl")) return Command::kAcl;
  if (equal_nocase(name, "sentinel")) return Command::kSentinel;
  if (equal_nocase(name, "module")) return Command::kModule;
  return Command::kOther;
}

// requirepass, masterauth, primaryauth, auth-pass, tls-key-file-pass, sentinel-pass, ...
inline bool is_secret_setting(std::string_view name) {
  return contains_nocase(name, "pass") || ends_nocase(name, "auth") || contains_nocase(name, "secret");
}

// What of an argument is a secret.
enum class Secret : uint8_t { kNo, kWhole, kBehindFirst };

// Walks the arguments of one command and says which are secrets.
class CommandReader {
 public:
  // `count`: of words, the name included; 0 where it is not known yet.
  void begin(uint64_t count) {
    *this = CommandReader();
    count_ = count;
  }

  // A word that is no string, so this is no command.
  void skip() {
    if (index_++ == 0) command_ = Command::kOther;
  }
  // Some of the word before was not seen: those behind it may be secrets.
  void doubt() {
    if (command_ != Command::kOther) in_doubt_ = true;
  }

  // The next word. `is_whole`: else only its beginning is known, or nothing.
  Secret next(std::string_view word, bool is_whole) {
    const uint64_t index = index_++;
    if (index == 0) {
      command_ = is_whole ? command_of(word) : word.size() > 16 ? Command::kOther : Command::kUnknown;
      has_values_ = command_ == Command::kOther && !ends_nocase(word, "subscribe") && !equal_nocase(word, "client");
      return Secret::kNo;
    }
    if (in_doubt_ || command_ == Command::kUnknown) return Secret::kWhole;
    if (cover_after_ > 0) return --cover_after_ == 0 ? Secret::kWhole : Secret::kNo;
    switch (command_) {
      case Command::kAuth:
        return count_ == 3 && index == 1 ? Secret::kNo : Secret::kWhole;
      case Command::kHello:
        if (index >= 2 && equal_nocase(word, "auth")) cover_after_ = 2;
        return Secret::kNo;
      case Command::kMigrate:
        if (index >= 6 && equal_nocase(word, "auth")) cover_after_ = 1;
        if (index >= 6 && equal_nocase(word, "auth2")) cover_after_ = 2;
        return Secret::kNo;
      case Command::kAcl:
        if (index == 1) {
          is_set_ = equal_nocase(word, "setuser");
          makes_secret_ = equal_nocase(word, "genpass");
          lists_users_ = equal_nocase(word, "list");
        }
        return is_set_ && index >= 3 && !word.empty() && std::string_view("><#!").find(word[0]) != std::string_view::npos
                   ? Secret::kBehindFirst
                   : Secret::kNo;
      case Command::kConfig:
        if (index == 1) is_set_ = equal_nocase(word, "set");
        if (is_set_ && index % 2 == 0 && is_secret_setting(word)) cover_after_ = 1;
        return Secret::kNo;
      case Command::kSentinel:
        if (index == 1) is_set_ = equal_nocase(word, "set") || equal_nocase(word, "config");
        if (is_set_ && index >= 3 && index % 2 == 1 && is_secret_setting(word)) cover_after_ = 1;
        return Secret::kNo;
      case Command::kModule:
        if (index >= 3 && is_secret_setting(word)) cover_after_ = 1;
        return Secret::kNo;
      default:
        return Secret::kNo;
    }
  }

  // Nothing of what follows can be a secret.
  bool is_harmless() const { return command_ == Command::kOther && index_ > 0; }
  // The last word was a key or a value, and no option that changes the connection.
  bool is_value() const { return has_values_ && index_ > 1; }
  // Its reply is a secret: ACL GENPASS.
  bool makes_secret() const { return makes_secret_; }
  // Its reply has hashes of passwords within texts: ACL LIST.
  bool lists_users() const { return lists_users_; }

 private:
  uint64_t count_ = 0;
  uint64_t index_ = 0;
  uint32_t cover_after_ = 0;
  Command command_ = Command::kUnknown;
  bool has_values_ = false;
  bool is_set_ = false;
  bool makes_secret_ = false;
  bool lists_users_ = false;
  bool in_doubt_ = false;
};

// Walks the values of one reply and says which are secrets: those behind the name of a secret setting.
class ReplyReader {
 public:
  void begin() { *this = ReplyReader(); }

  // The next bulk or simple string.
  Secret next(std::string_view word, bool is_whole) {
    const bool follows = cover_next_;
    cover_next_ = false;
    if (follows) return Secret::kWhole;
    cover_next_ = is_whole && is_setting_name(word);
    return Secret::kNo;
  }
  // An array begins: of the hashes behind "passwords" (ACL GETUSER) all are secrets.
  bool next_is_secret() const { return cover_next_; }
  void enter_secret() { cover_next_ = false; }

 private:
  // As strict as replies are free: any list may hold the word "pass".
  static bool is_setting_name(std::string_view word) {
    return equal_nocase(word, "requirepass") || equal_nocase(word, "masterauth") || equal_nocase(word, "primaryauth") ||
           equal_nocase(word, "passwords") || ends_nocase(word, "-pass");
  }
  bool cover_next_ = false;
};

}  // namespace spanloom::redaction
