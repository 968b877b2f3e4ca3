// SPDX-License-Identifier: Apache-2.0
//
// Recognises CPython in a file, an executable or a shared library (libpython), and tells what the file says of it. Nothing
// is guessed: a version that the table of offsets does not have cannot be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "elf-file.h"
#include "runtimes/python-version.h"

namespace spanloom {

struct PythonProgram {
  // As it names itself; empty when unreadable.
  std::string version;
  // Null where its contexts cannot be read, with one sentence in `problem`.
  const PythonOffsets* offsets = nullptr;
  std::string problem;
  // Address of _PyRuntime as the file has it.
  uint64_t runtime = 0;
  // Where PyContext_CopyCurrent() is in the file.
  std::optional<uint64_t> copy_offset;
};

struct PythonSearch {
  // Nothing when the file does not contain CPython.
  std::optional<PythonProgram> program;
  // Name of the shared library with CPython that the file needs; empty when it needs none.
  std::string library;
  // What addresses in the file are counted from: its first segment, its program headers.
  uint64_t first_address = 0;
  uint64_t headers_address = 0;
  // Linked with musl, whose threads keep their values elsewhere.
  bool is_musl = false;
  uint64_t bytes_read = 0;
};

// The name of a shared library with a version of CPython: libpython3.11.so.1.0. Not libpython3.so, which contains none.
bool is_libpython(std::string_view name);

PythonSearch find_python(const ByteSource& source);

}  // namespace spanloom
