// SPDX-License-Identifier: Apache-2.0
#include "mailbox.h"

namespace spanloom {

std::shared_ptr<Mailbox> Mailbox::create(Napi::Env env) {
  std::shared_ptr<Mailbox> mailbox(new Mailbox());
  const Napi::Function nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  mailbox->function_ = LetterFunction::New(env, nothing, "spanloom-mailbox", 0, 1, mailbox.get());
  mailbox->function_.Unref(env);
  return mailbox;
}

void Mailbox::post(Letter letter) {
  auto owned = std::make_unique<Letter>(std::move(letter));
  const std::lock_guard lock(mutex_);
  // The queue says once that it closes; after that it must not be touched.
  if (is_closed_) return;
  const napi_status status = function_.NonBlockingCall(owned.get());
  if (status == napi_ok) owned.release();
  is_closed_ = status == napi_closing;
}

void Mailbox::deliver(Napi::Env env, Napi::Function, Mailbox*, Letter* letter) {
  const std::unique_ptr<Letter> owned(letter);
  if (env != nullptr) (*owned)(env);
}

}  // namespace spanloom
