// SPDX-License-Identifier: Apache-2.0
//
// Recognises the library of HotSpot, libjvm.so, of a JDK that has virtual threads, and tells where in it the variables are
// that say how to read them. Nothing is guessed: a library without its symbols makes programs whose virtual threads cannot
// be read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "elf-file.h"

namespace spanloom {

// Addresses as the file has them: the loader adds where it puts the library.
struct JavaLibrary {
  // Of the byte that the file begins with.
  uint64_t first_byte = 0;
  // HotSpot publishes a table of its fields for debuggers: the pointer to it,
  uint64_t fields = 0;
  // and what an entry consists of: offsets of type, field, whether it is static, offset, address; and its size.
  std::array<uint64_t, 6> entry{};
  // What each JavaThread begins with.
  uint64_t thread_methods = 0;
  // Offsets within java.lang.Thread, of the classes as this process has laid them out.
  uint64_t tid_offset = 0;
  uint64_t eetop_offset = 0;
  // Odd while all threads stand still; objects move then, except with ZGC.
  uint64_t safepoint_counter = 0;
  // Bits that pointers to objects of ZGC must not have; of the newer and the older kind, 0 where this library has none.
  uint64_t bad_bits = 0;
  uint64_t bad_address_bits = 0;
  // Where the loader writes the number of its block of thread-local storage.
  uint64_t module = 0;
  // Within that block: the Thread that runs.
  uint64_t current_thread = 0;
  // One sentence when virtual threads cannot be read.
  std::string problem;
};

struct JavaLibrarySearch {
  // Nothing when the file is none, or of a JDK without virtual threads.
  std::optional<JavaLibrary> library;
  uint64_t bytes_read = 0;
};

JavaLibrarySearch find_java(const ByteSource& source);

}  // namespace spanloom
