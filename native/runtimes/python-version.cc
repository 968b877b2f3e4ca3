// SPDX-License-Identifier: Apache-2.0
#include "runtimes/python-version.h"

#include <algorithm>
#include <charconv>

#include "runtimes/generated/python-offsets.h"

namespace spanloom {

const PythonOffsets* python_offsets_of(std::string_view version) {
  constexpr std::string_view kPrefix = "3.";
  if (!version.starts_with(kPrefix)) return nullptr;
  version.remove_prefix(kPrefix.size());
  uint32_t minor = 0;
  const char* const end = version.data() + version.size();
  const auto [after, error] = std::from_chars(version.data(), end, minor);
  if (error != std::errc() || after == end || *after != '.') return nullptr;
  const std::string_view patch(after + 1, static_cast<size_t>(end - after - 1));
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  if (patch.empty() || !std::all_of(patch.begin(), patch.end(), is_digit)) return nullptr;
  for (const PythonOffsets& offsets : kPythonOffsets)
    if (offsets.minor == minor) return &offsets;
  return nullptr;
}

}  // namespace spanloom
