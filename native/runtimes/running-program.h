// SPDX-License-Identifier: Apache-2.0
//
// Which program a process runs, in the kernel's own words: the kernel programs compare with what they see, and stat() tells
// other numbers on some file systems.
#pragma once

#include <cstdint>
#include <optional>

#include "descriptor.h"
#include "event.h"

namespace spanloom {

// Nothing when the process has ended, or is the kernel's. `iterator`: the program describe_process. For any thread; with
// kernels before 6.1 it takes as long as there are processes.
std::optional<spanloom_process> running_program(const Descriptor& iterator, uint32_t process_id);

}  // namespace spanloom
