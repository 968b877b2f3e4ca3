// SPDX-License-Identifier: Apache-2.0
#include "runtimes/go-version.h"

#include <charconv>

#include "runtimes/generated/go-offsets.h"

namespace spanloom {
namespace {

// Takes a number from the front of `text`; false when there is none.
bool take_number(std::string_view& text, uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

}  // namespace

const GoOffsets* go_offsets_of(std::string_view version) {
  constexpr std::string_view kPrefix = "go1.";
  if (!version.starts_with(kPrefix)) return nullptr;
  version.remove_prefix(kPrefix.size());
  uint32_t minor = 0;
  uint32_t patch = 0;
  if (!take_number(version, minor)) return nullptr;
  if (version.starts_with('.')) {
    version.remove_prefix(1);
    if (!take_number(version, patch)) return nullptr;
  }
  // Behind a space or a hyphen come experiments and the names of those who built it; anything else is no release.
  if (!version.empty() && !version.starts_with(' ') && !version.starts_with('-')) return nullptr;
  for (const GoOffsets& offsets : kGoOffsets)
    if (offsets.minor == minor) return &offsets;
  return nullptr;
}

}  // namespace spanloom
