// SPDX-License-Identifier: Apache-2.0
#include "file-mappings.h"

#include <sys/mman.h>

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <fstream>

namespace spanloom {

size_t page_out_file(const std::string& path) {
  size_t bytes = 0;
  // proc(5): address range, permissions, offset, device, inode, path; the last begins at the first slash.
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t slash = line.find('/');
    if (slash == std::string::npos || line.compare(slash, std::string::npos, path) != 0) continue;
    uintptr_t begin = 0;
    uintptr_t end = 0;
    if (sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &begin, &end) != 2) continue;
    // Not MADV_DONTNEED: where another thread maps something else in this very moment, that would throw its data away.
    if (madvise(reinterpret_cast<void*>(begin), end - begin, MADV_PAGEOUT) == 0) bytes += end - begin;
  }
  return bytes;
}

}  // namespace spanloom
