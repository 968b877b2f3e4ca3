// SPDX-License-Identifier: Apache-2.0
//
// Ends the process when its main thread stands still: in a call that does not return, or in an endless loop.
#pragma once

#include <napi.h>

namespace spanloom {

// startWatchdog(limitMs, tickMs, sentence): an object with beat() and stop(). See native/load.ts.
Napi::Value start_watchdog(const Napi::CallbackInfo& info);

}  // namespace spanloom
