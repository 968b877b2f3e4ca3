// SPDX-License-Identifier: Apache-2.0
//
// Redaction as JavaScript sees it.
#pragma once

#include <napi.h>

#include "redaction/redactor.h"

namespace spanloom {

// RedactionOptions of native/capture.ts.
RedactionOptions redaction_options_from(const Napi::Object& object);

// A redactor by itself, for tests and benches: createRedactor() of native/load.ts.
class RedactorObject : public Napi::ObjectWrap<RedactorObject> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit RedactorObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value redact(const Napi::CallbackInfo& info);
  void forget(const Napi::CallbackInfo& info);

  std::unique_ptr<Redactor> redactor_;
};

}  // namespace spanloom
