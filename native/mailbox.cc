// SPDX-License-Identifier: Apache-2.0
#include "mailbox.h"

#include "napi-environment.h"

namespace spanloom {

std::shared_ptr<Mailbox> Mailbox::create(Napi::Env env) {
  std::shared_ptr<Mailbox> mailbox(new Mailbox());
  const Napi::Function nothing = Napi::Function::New(env, [](const Napi::CallbackInfo&) {});
  // When Node ends it deletes the queue, whoever still uses it. Right before, it calls this.
  const auto close = [](Napi::Env, std::shared_ptr<Mailbox>* passed, Mailbox*) {
    const std::unique_ptr<std::shared_ptr<Mailbox>> owned(passed);
    const std::lock_guard lock((*owned)->mutex_);
    (*owned)->is_closed_ = true;
  };
  mailbox->function_ = LetterFunction::New(env, nothing, Napi::Object::New(env), "spanloom-mailbox", 0, 1, mailbox.get(),
                                           close, new std::shared_ptr<Mailbox>(mailbox));
  mailbox->function_.Unref(env);
  return mailbox;
}

void Mailbox::post(Letter letter) {
  auto owned = std::make_unique<Letter>(std::move(letter));
  const std::lock_guard lock(mutex_);
  // The queue may also say once that it closes; after that it must not be touched.
  if (is_closed_) return;
  const napi_status status = function_.NonBlockingCall(owned.get());
  if (status == napi_ok) owned.release();
  is_closed_ = status == napi_closing;
}

void Mailbox::deliver(Napi::Env env, Napi::Function, Mailbox*, Letter* letter) {
  const std::unique_ptr<Letter> owned(letter);
  if (can_run_javascript(env)) (*owned)(env);
}

}  // namespace spanloom
