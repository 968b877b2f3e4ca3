// SPDX-License-Identifier: Apache-2.0
//
// Looks at processes on the threads of the inspection pool, and gives promises of what comes of it.
#pragma once

#include <napi.h>

#include <memory>

#include "inspection-pool.h"
#include "loop-probes.h"
#include "mailbox.h"
#include "runtimes/runtimes.h"

namespace spanloom {

class Inspector {
 public:
  explicit Inspector(Napi::Env env) : mailbox_(Mailbox::create(env)) {}

  // `runtimes` may be null. Resolves with ProgramInspection of native/capture.ts; with undefined when the process is gone or too much waits.
  Napi::Promise inspect_programs(Napi::Env env, std::shared_ptr<LoopProbes> probes,
                              std::shared_ptr<Runtimes> runtimes, uint32_t process_id, bool with_libraries);

  // Resolves with ProcessMemory of native/capture.ts, or with undefined likewise.
  Napi::Promise read_memory(Napi::Env env, uint32_t process_id);

  // Resolves with the hardware addresses in the network namespace of a process, as text; with undefined likewise.
  Napi::Promise read_mac_addresses(Napi::Env env, uint32_t process_id);

  // Threads that hang now; starts another one for what waits behind them.
  size_t tend();

 private:
  const std::shared_ptr<Mailbox> mailbox_;
  InspectionPool pool_;
};

}  // namespace spanloom
