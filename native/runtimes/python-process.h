// SPDX-License-Identifier: Apache-2.0
//
// What of CPython only a running process tells: at which distance from the thread pointer its threads keep their
// PyThreadState. It is the value of a pthread key in glibc's struct pthread, where each of the first 32 keys has a place. A
// thread state says whose it is, pthread_self(), which is the address of that structure: so the place is found by looking
// for the pointer to the state, and taken only if all threads agree. Programs that embed CPython (uWSGI) may keep that
// pointer under further keys; CPython's is the first, and what is read by any of them names its owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "elf-file.h"
#include "runtimes/python-program.h"

namespace spanloom {

// `memory` is that of the process, `runtime` the address of _PyRuntime in it. Nothing when it cannot be told now: CPython has
// not begun, a thread is just beginning or ending, or what is there is something else.
std::optional<uint32_t> find_state_distance(const ByteSource& memory, uint64_t runtime, const PythonOffsets& offsets);

// How far the addresses of the executable of a process are from those in its file; nothing when that cannot be read.
std::optional<uint64_t> executable_bias(uint32_t process_id, const PythonSearch& executable);

}  // namespace spanloom
