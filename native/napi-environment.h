// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace spanloom {

// While Node ends it still empties its queues, when JavaScript does not run any more and each call of it ends the process.
inline bool can_run_javascript(Napi::Env env) {
  if (env == nullptr) return false;
  bool has_it = false;
  return napi_has_named_property(env, env.Global(), "globalThis", &has_it) == napi_ok;
}

}  // namespace spanloom
