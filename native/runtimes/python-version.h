// SPDX-License-Identifier: Apache-2.0
//
// Versions of CPython and where they keep what is read of a context.
#pragma once

#include <cstdint>
#include <string_view>

namespace spanloom {

// Offsets in bytes, of all releases of CPython 3.minor.
struct PythonOffsets {
  uint32_t minor;
  // The first interpreter, in _PyRuntime; its first thread state, in an interpreter.
  uint16_t interpreters;
  uint16_t threads;
  // PyThreadState: next, thread_id, context, datastack_chunk (0: this version has none), id.
  uint16_t state_next;
  uint16_t state_owner;
  uint16_t state_context;
  uint16_t state_stack;
  uint16_t state_id;
  // PyContext: ctx_prev, ctx_entered.
  uint16_t context_previous;
  uint16_t context_entered;
  // 1: threads but the first begin with entering a new, empty context.
  uint16_t begins_threads;
};

// Of a release as it names itself ("3.11.2"); null for one that the table does not have, such as a release candidate.
const PythonOffsets* python_offsets_of(std::string_view version);

}  // namespace spanloom
