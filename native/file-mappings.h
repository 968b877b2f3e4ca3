// SPDX-License-Identifier: Apache-2.0
//
// Resident pages of mapped files. A log that is read through a mapping stays in the resident memory of its reader long
// after it was worked off.
#pragma once

#include <cstddef>
#include <string>

namespace spanloom {

// Asks the kernel to take this file's pages out of this process's memory. They are read again from the file when they are
// needed. Returns the bytes of address space that it asked for; 0 when the file is not mapped.
size_t page_out_file(const std::string& path);

}  // namespace spanloom
