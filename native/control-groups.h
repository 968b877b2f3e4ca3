// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "descriptor.h"

namespace spanloom {

// The directory of a control group (v2) of this machine, by its path from the root of all groups. Not open where there is
// none, or no control groups of version 2.
Descriptor open_control_group(const std::string& path);

}  // namespace spanloom
