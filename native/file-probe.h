// SPDX-License-Identifier: Apache-2.0
//
// A probe of the kernel (uprobe) on a function in a file. The kernel gets the very file that is open, by its descriptor.
#pragma once

#include <cstdint>
#include <string>

#include "descriptor.h"

namespace spanloom {

enum class ProbeMoment { kEntry, kReturn };

// Attaches `program` at `offset` of the file, for every process that runs or maps it, also those that do already. It ends
// with the descriptor that is returned, which is not open, with one sentence in `error`, when the kernel refuses.
Descriptor attach_probe(const Descriptor& program, const Descriptor& file, uint64_t offset, ProbeMoment moment,
                        std::string& error);

}  // namespace spanloom
