// SPDX-License-Identifier: Apache-2.0
//
// What a kernel or a process lacks for capturing, one sentence each that says what to do.
#pragma once

#include <string>
#include <vector>

namespace spanloom {

// Keeps libbpf's messages of this thread; without it libbpf prints to standard error.
void collect_library_messages();
// The last line of those messages that tells something, and forgets them all.
std::string take_library_message();

// What to say when a process may not attach uprobes: CAP_BPF and CAP_PERFMON are not enough for that.
extern const char* const kNoProbes;
// What to say where the kernel was built without them.
extern const char* const kNoUprobes;

// Everything that is missing; empty when nothing is.
std::vector<std::string> missing_requirements();

// For a failed attempt: all that is missing, a sentence each, or one on what failed and what the library said.
std::string explain_failure(const std::string& attempt, int error);

}  // namespace spanloom
