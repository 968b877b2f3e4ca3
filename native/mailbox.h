// SPDX-License-Identifier: Apache-2.0
//
// From any thread to the thread of JavaScript. Does not keep Node running, and may be used for longer than Node runs.
#pragma once

#include <napi.h>

#include <functional>
#include <memory>
#include <mutex>

namespace spanloom {

class Mailbox {
 public:
  using Letter = std::function<void(Napi::Env)>;

  static std::shared_ptr<Mailbox> create(Napi::Env env);

  // Runs the letter on JavaScript's thread some time; never when Node has ended.
  void post(Letter letter);

 private:
  Mailbox() = default;
  static void deliver(Napi::Env env, Napi::Function function, Mailbox* self, Letter* letter);
  using LetterFunction = Napi::TypedThreadSafeFunction<Mailbox, Letter, deliver>;

  std::mutex mutex_;
  LetterFunction function_;
  bool is_closed_ = false;
};

}  // namespace spanloom
