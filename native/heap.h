// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace spanloom {

// Makes glibc give back what was freed, from the start of a capture on.
void return_freed_memory();

}  // namespace spanloom
