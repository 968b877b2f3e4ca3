// SPDX-License-Identifier: Apache-2.0
//
// Ends the process when its main thread stands still, in a call that does not return or in an endless loop; and when it
// is to end although other threads stand still.
#pragma once

#include <napi.h>

namespace spanloom {

// startWatchdog(limitMs, tickMs, sentence): an object with beat() and stop(). See native/load.ts.
Napi::Value start_watchdog(const Napi::CallbackInfo& info);

// endAtOnce(code): waits for no thread. See native/load.ts.
void end_at_once(const Napi::CallbackInfo& info);

}  // namespace spanloom
