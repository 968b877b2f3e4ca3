// SPDX-License-Identifier: Apache-2.0
//
// The readers of other processes' files, and of the memory of those that run Java, under any bytes, for libFuzzer.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "elf-reader.h"
#include "runtimes/go-program.h"
#include "runtimes/python-program.h"
#include "runtimes/java-library.h"
#include "runtimes/java-process.h"

namespace {

// Reads of no more bytes than there are, each into memory of exactly its size.
class Input : public spanloom::ByteSource {
 public:
  Input(const uint8_t* bytes, size_t size) : bytes_(bytes), size_(size) {}

  size_t read(uint64_t offset, std::span<uint8_t> into) const override {
    if (offset >= size_) return 0;
    const size_t count = into.size() < size_ - offset ? into.size() : static_cast<size_t>(size_ - offset);
    memcpy(into.data(), bytes_ + offset, count);
    return count;
  }

 private:
  const uint8_t* const bytes_;
  const uint64_t size_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size) {
  constexpr std::string_view kNames[] = {"uv__run_check", "uv__run_timers"};
  const auto found = spanloom::find_function(Input(input, size), kNames);
  const auto go = spanloom::find_go(Input(input, size));
  const auto python = spanloom::find_python(Input(input, size));
  if ((go.program.has_value() && go.program->version.size() > 128) ||
      (python.program.has_value() && python.program->version.size() > 128) || python.library.size() > 128) {
    fprintf(stderr, "does not hold: bounded versions\n");
    abort();
  }
  const auto java = spanloom::find_java(Input(input, size));
  // The bytes stand for the memory of a process, too.
  if (java.library.has_value()) {
    const auto process = spanloom::read_java_process(Input(input, size), *java.library, 0);
    if (process.version.size() > 64) {
      fprintf(stderr, "does not hold: bounded versions\n");
      abort();
    }
  }
  // What is read is bounded whatever the file says; the bound is that of elf-reader.h and a page for each table.
  if (found.bytes_read > 65 * 1024 * 1024 || go.bytes_read > 65 * 1024 * 1024 ||
      python.bytes_read > 65 * 1024 * 1024 ||
      java.bytes_read > 65 * 1024 * 1024) {
    fprintf(stderr, "does not hold: bounded reading (%llu bytes)\n",
            static_cast<unsigned long long>(found.bytes_read));
    abort();
  }
  return 0;
}
