// SPDX-License-Identifier: Apache-2.0
//
// Where the fields of bpf/event.h are, once as this compiler laid them out and once as the BPF object's type
// information tells. A test compares the two.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace spanloom {

// Byte offset by "structure.field"; "structure" alone has its size.
using Layout = std::map<std::string, uint32_t>;

Layout compiled_layout();

// Empty, with one sentence in `error`, when the object cannot be read.
Layout object_layout(const std::string& object_path, std::string& error);

}  // namespace spanloom
